// What each entry may weigh, minified and compressed, with all that it imports: docs/decisions/the-size.md.

const forNode = (config) => ({ ...config, platform: 'node' })

export default [
  {
    name: 'eventwire: SseStream alone',
    path: 'dist/index.js',
    import: '{ SseStream }',
    limit: '6.435 KiB',
    gzip: true,
  },
  {
    name: 'eventwire: SseStream and SseChannel',
    path: 'dist/index.js',
    import: '{ SseStream, SseChannel }',
    limit: '11.74 KiB',
    gzip: true,
  },
  { name: 'eventwire', path: 'dist/index.js', limit: '12.87 KiB', gzip: true },
  {
    name: 'eventwire/node',
    path: 'dist/node.js',
    limit: '10.585 KiB',
    gzip: true,
    modifyEsbuildConfig: forNode,
  },
  {
    name: 'eventwire/express',
    path: 'dist/express.js',
    limit: '10.84 KiB',
    gzip: true,
    modifyEsbuildConfig: forNode,
  },
  {
    name: 'eventwire/fastify',
    path: 'dist/fastify.js',
    limit: '12.405 KiB',
    gzip: true,
    modifyEsbuildConfig: forNode,
  },
  {
    name: 'eventwire/koa',
    path: 'dist/koa.js',
    limit: '11.9 KiB',
    gzip: true,
    modifyEsbuildConfig: forNode,
  },
  {
    name: 'eventwire/fetch',
    path: 'dist/fetch.js',
    limit: '10.07 KiB',
    gzip: true,
  },
  {
    name: 'eventwire/parser: parseEvents alone',
    path: 'dist/parser.js',
    import: '{ parseEvents }',
    limit: '5.595 KiB',
    gzip: true,
  },
  { name: 'eventwire/parser', path: 'dist/parser.js', limit: '6.22 KiB', gzip: true },
  { name: 'eventwire/client', path: 'dist/client.js', limit: '9.185 KiB', gzip: true },
  {
    name: 'the command eventwire',
    path: 'dist/cli.js',
    limit: '12.08 KiB',
    gzip: true,
    modifyEsbuildConfig: (config) => ({ ...forNode(config), format: 'esm' }),
  },
  { name: 'eventwire/testing', path: 'dist/testing.js', limit: '10.635 KiB', gzip: true },
  {
    name: 'eventwire/redis',
    path: 'dist/redis.js',
    limit: '8.36 KiB',
    gzip: true,
    modifyEsbuildConfig: forNode,
  },
]
