import { defineConfig, loadEnv } from 'vite';

// The development server of the sample. It sends the policy that a published one should send, too: scripts and styles of
// its own only, and calls to nobody but the provider, the API and the upstream provider.
export default defineConfig(({ mode }) => {
  const env = loadEnv(mode, import.meta.dirname, 'VITE_');
  const partners = [env.VITE_ISSUER, env.VITE_API, env.VITE_UPSTREAM].filter(Boolean).map((url) => new URL(url!).origin);
  return {
    server: {
      port: Number(process.env.PORT ?? 5107),
      strictPort: true,
      // The design tokens are the product's own, two folders up.
      fs: { allow: ['../..'] },
      hmr: false,
      headers: {
        'Content-Security-Policy': `default-src 'self'; connect-src 'self' ${partners.join(' ')}; base-uri 'none'; object-src 'none'; frame-ancestors 'none'; form-action 'none'`,
        'Referrer-Policy': 'no-referrer',
      },
    },
    build: { outDir: 'dist', assetsInlineLimit: 0, modulePreload: { polyfill: false } },
  };
});
