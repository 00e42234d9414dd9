// What each entry may weigh, minified and compressed, with all that it imports: docs/decisions/the-size.md.

const forNode = (config) => ({ ...config, platform: 'node' })

export default [
  {
    name: 'eventwire: SseStream alone',
    path: 'dist/index.js',
    import: '{ SseStream }',
    limit: '6 KiB',
    gzip: true,
  },
  {
    name: 'eventwire: SseStream and SseChannel',
    path: 'dist/index.js',
    import: '{ SseStream, SseChannel }',
    limit: '11 KiB',
    gzip: true,
  },
  { name: 'eventwire', path: 'dist/index.js', limit: '11.5 KiB', gzip: true },
  {
    name: 'eventwire/node',
    path: 'dist/node.js',
    limit: '8.25 KiB',
    gzip: true,
    modifyEsbuildConfig: forNode,
  },
  {
    name: 'eventwire/express',
    path: 'dist/express.js',
    limit: '8.75 KiB',
    gzip: true,
    modifyEsbuildConfig: forNode,
  },
  {
    name: 'eventwire/redis',
    path: 'dist/redis.js',
    limit: '7.5 KiB',
    gzip: true,
    modifyEsbuildConfig: forNode,
  },
]
