import { defineConfig } from 'tsup'

export default defineConfig({
  entry: {
    index: 'src/index.ts',
    node: 'src/adapters/node.ts',
    express: 'src/adapters/express.ts',
    redis: 'src/redis/redis-log.ts',
  },
  format: ['esm', 'cjs'],
  target: 'es2022',
  dts: true,
  // What two entries share is one file, in both formats: one set of open streams, one SseError.
  splitting: true,
  clean: true,
  treeshake: true,
})
