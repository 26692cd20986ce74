import react from '@vitejs/plugin-react';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

// React's refresh preamble is an inline script, which `script-src 'self'` forbids. Served as a module instead,
// the development server lives under the same Content-Security-Policy as the built files.
function preambleAsModule(): Plugin {
  const inline = /<script type="module">import \{ injectIntoGlobalHook \}[\s\S]*?<\/script>/;
  return {
    name: 'lightning:preamble-as-module',
    apply: 'serve',
    transformIndexHtml: {
      order: 'post',
      handler: (html) =>
        html.replace(inline, '<script type="module" src="/@id/@vitejs/plugin-react/preamble"></script>'),
    },
  };
}

export default defineConfig({
  plugins: [react(), preambleAsModule()],
  server: {
    host: '127.0.0.1',
    port: Number(process.env.PORT ?? 5104),
    strictPort: true,
    // `hmr` stays unset on purpose: the client then opens its socket at the page's own origin, which is the BFF.
  },
  build: {
    outDir: 'dist',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  test: {
    environment: 'jsdom',
    environmentOptions: { jsdom: { url: 'http://localhost:5100/' } },
    setupFiles: './src/testing/setup.ts',
    testTimeout: 20_000,
    restoreMocks: true,
    unstubGlobals: true,
  },
});
