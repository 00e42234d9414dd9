// Builds the page and the server, each with the bundler that is named.

import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const HERE = fileURLToPath(new URL('.', import.meta.url))

const BUILDERS = {
  async vite() {
    const { build } = await import('vite')
    const common = { configFile: false, logLevel: 'warn' }
    await build({ ...common, root: join(HERE, 'page'), build: { outDir: '../built/vite' } })
    await build({
      ...common,
      root: HERE,
      ssr: { noExternal: true },
      build: { ssr: 'round-trip.mjs', outDir: 'built/vite-server' },
    })
  },

  async webpack() {
    const { default: webpack } = await import('webpack')
    const common = { mode: 'production', context: HERE, stats: 'errors-warnings' }
    const compiler = webpack([
      {
        ...common,
        entry: './page/main.js',
        target: 'web',
        output: { path: join(HERE, 'built/webpack'), filename: 'main.js' },
      },
      {
        ...common,
        entry: './round-trip.mjs',
        target: 'node20',
        output: { path: join(HERE, 'built/webpack-server'), filename: 'round-trip.cjs' },
      },
    ])
    const stats = await new Promise((resolve, reject) =>
      compiler.run((error, result) => (error ? reject(error) : resolve(result))),
    )
    if (stats.hasErrors() || stats.hasWarnings()) throw new Error(stats.toString('errors-warnings'))
    cpSync(join(HERE, 'page/index.html'), join(HERE, 'built/webpack/index.html'))
  },
}

await BUILDERS[process.argv[2]]()
