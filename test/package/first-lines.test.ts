// Each file says first, in one sentence, what belongs in it.

import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const ROOT = new URL('../../', import.meta.url)
const FOLDERS = ['bench', 'examples', 'recordings', 'soak', 'src', 'test']

/** What npm and frameworks put there. */
const MADE = ['.next', '.svelte-kit', 'build', 'next-env.d.ts', 'node_modules']

/** Programs that pages show whole, as their readers would have written them. */
const SHOWN = /^test\/(migration\/.+|recipes\/testing)\//

function filesOf(folder: string): string[] {
  return readdirSync(new URL(folder, ROOT), { withFileTypes: true })
    .filter(({ name }) => !MADE.includes(name))
    .flatMap((entry) =>
      entry.isDirectory() ? filesOf(`${folder}${entry.name}/`) : [`${folder}${entry.name}`],
    )
}

const files = FOLDERS.flatMap((folder) => filesOf(`${folder}/`)).filter(
  (path) => /\.(ts|js|mjs|cjs)$/.test(path) && !SHOWN.test(path),
)

test('each file begins with a sentence about it', () => {
  const silent = files.filter((path) => {
    const [first = '', second = ''] = readFileSync(new URL(path, ROOT), 'utf8').split('\n')
    // What can be executed names first what executes it.
    return !/^\/\/ (?!@ts-|biome-)\S.{10,}/.test(first.startsWith('#!') ? second : first)
  })

  expect(files.length).toBeGreaterThan(300)
  expect(silent).toEqual([])
})
