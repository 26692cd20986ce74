import { defineConfig, loadEnv } from 'vite';

// The development server sends the Content-Security-Policy that a published page should send too: only its own scripts
// and styles, and requests only to the provider, the API and the upstream provider.
export default defineConfig(({ mode }) => {
  const env = loadEnv(mode, import.meta.dirname, 'VITE_');
  const origins = [env.VITE_ISSUER, env.VITE_API, env.VITE_UPSTREAM].filter(Boolean).map((url) => new URL(url!).origin);
  const policy = [
    "default-src 'self'",
    `connect-src 'self' ${origins.join(' ')}`,
    "base-uri 'none'",
    "object-src 'none'",
    "frame-ancestors 'none'",
    "form-action 'none'",
  ];
  return {
    server: {
      port: Number(process.env.PORT ?? 5107),
      strictPort: true,
      // The style sheets are in Lightning.Web, two folders up.
      fs: { allow: ['../..'] },
      hmr: false,
      headers: {
        'Content-Security-Policy': policy.join('; '),
        'Referrer-Policy': 'no-referrer',
      },
    },
    build: { outDir: 'dist', assetsInlineLimit: 0, modulePreload: { polyfill: false } },
  };
});
