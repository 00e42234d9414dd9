// What each entry may weigh, minified and compressed, with all that it imports.

const forNode = (config) => ({ ...config, platform: 'node' })

export default [
  { name: 'eventwire', path: 'dist/index.js', limit: '6 KiB', gzip: true },
  {
    name: 'eventwire/node',
    path: 'dist/node.js',
    limit: '7.5 KiB',
    gzip: true,
    modifyEsbuildConfig: forNode,
  },
]
