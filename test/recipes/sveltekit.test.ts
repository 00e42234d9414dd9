// The recipe for SvelteKit, as built by Vite, on its server for Node.js.

import { mkdirSync, rmSync, symlinkSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { StreamStats } from 'eventwire'
import { describe, expect, test } from 'vitest'
import { ask } from '../adapters/client.js'
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

let built: Promise<void> | undefined

/** A server for production, by @sveltejs/adapter-node; the types of the routes are checked, too. */
async function serve() {
  built ??= build()
  await built
  return runServer(node('build'))
}

async function build() {
  install()
  await run(node(installed('vite/bin/vite.js'), 'build'))
  await run(node(installed('typescript/bin/tsc'), '--noEmit', '-p', '.'))
}

describeRecipe('the recipe for SvelteKit', { notFound: /<h1>No such topic<\/h1>/ }, async () => {
  const server = await serve()
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

describe('SvelteKit', () => {
  test('keeps headers and cookies that are set on the event', async () => {
    const server = await serve()
    const answer = await ask(server.url, 'http/1.1', { path: '/beside' })
    expect(answer.headers).toMatchObject({
      'content-type': 'text/event-stream',
      'x-own': '1',
      'set-cookie': [expect.stringMatching(/^a=b;/)],
    })
    expect(await answer.whole).toBe('data: bye\n\n')
    await server.stop()
  }, 120_000)
})
