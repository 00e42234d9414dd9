// How the package is built: the library in both formats, and the command by itself.

import { defineConfig } from 'tsup'

const library = defineConfig({
  entry: {
    index: 'src/index.ts',
    node: 'src/adapters/node.ts',
    express: 'src/adapters/express.ts',
    fastify: 'src/adapters/fastify.ts',
    koa: 'src/adapters/koa.ts',
    fetch: 'src/adapters/fetch.ts',
    parser: 'src/parser.ts',
    client: 'src/client.ts',
    redis: 'src/redis/redis-log.ts',
    testing: 'src/testing.ts',
  },
  format: ['esm', 'cjs'],
  target: 'es2022',
  dts: true,
  // What two entries share is one file, in both formats: one set of open streams, one SseError.
  splitting: true,
  // The command line is built at the same time.
  clean: ['!cli.js'],
  treeshake: true,
  // It is no dependency of those who install the package: docs/decisions/the-parser.md.
  noExternal: ['eventsource-parser'],
})

const commandLine = defineConfig({
  entry: { cli: 'src/cli/main.ts' },
  format: ['esm'],
  target: 'node20',
  dts: false,
  splitting: false,
  treeshake: true,
})

export default [library, commandLine]
