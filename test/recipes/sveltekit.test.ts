import { mkdirSync, rmSync, symlinkSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { StreamStats } from 'eventwire'
import { expect } from 'vitest'
import { describeRecipe } from './contract.js'
import { type Command, installed, run, runServer } from './program.js'

const node = (...args: string[]): Command => ({ folder: 'test/recipes/sveltekit/', args })

/** Installs this package where the application looks for it. */
function install() {
  const modules = new URL('sveltekit/node_modules/', import.meta.url)
  mkdirSync(modules, { recursive: true })
  const link = new URL('eventwire', modules)
  rmSync(link, { force: true })
  symlinkSync(fileURLToPath(new URL('../..', import.meta.url)), link, 'junction')
}

// A server for production, by @sveltejs/adapter-node.
describeRecipe('the recipe for SvelteKit', { notFound: /<h1>No such topic<\/h1>/ }, async () => {
  install()
  await run(node(installed('vite/bin/vite.js'), 'build'))
  await run(node(installed('typescript/bin/tsc'), '--noEmit', '-p', '.'))
  const server = await runServer(node('build'))
  return {
    url: server.url,
    stats: async () => (await fetch(new URL('/stats', server.url))).json() as Promise<StreamStats>,
    close: async () => {
      await server.stop()
      // A client that leaves is no error to it either.
      expect(server.printed()).not.toMatch(/error/i)
    },
  }
})
