// What npm packs: all that an installation needs, and nothing else.

import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

const ROOT = new URL('../../', import.meta.url)
const textOf = (path: string) => readFileSync(new URL(path, ROOT), 'utf8')
const manifest = JSON.parse(textOf('package.json'))

const [packed] = JSON.parse(
  execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: ROOT,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  }),
) as [{ files: { path: string }[] }]
const paths = packed.files.map(({ path }) => path)

/** All that is packed is named here. */
const MAY_PACK = [
  /^package\.json$/,
  /^(README|CHANGELOG|THIRD-PARTY-LICENSES)\.md$/,
  /^LICENSE$/,
  /^dist\/[\w-]+\.(js|cjs|d\.ts|d\.cts)$/,
  /^docs\/(adapters\/|decisions\/|migration\/)?[\w-]+\.(md|svg)$/,
]

/** What packed pages link to and only the repository has. */
const IN_REPOSITORY =
  /^(examples|bench)\/|^test\/logs\/contract\.ts$|^(CONTRIBUTING|CODE_OF_CONDUCT|SECURITY)\.md$/

/** Every file that a value of the manifest names, however deep. */
const filesNamedBy = (value: unknown): string[] =>
  typeof value === 'string'
    ? [posix.normalize(value)]
    : Object.values((value ?? {}) as object).flatMap(filesNamedBy)

const entries = [manifest.main, manifest.module, manifest.types, manifest.bin, manifest.exports]
  .flatMap(filesNamedBy)
  .filter((path) => path !== 'package.json')

/** What a file of the build loads, or takes types from. A declaration imports by the name of its JavaScript. */
const importsOf = (path: string) =>
  [...textOf(path).matchAll(/(?:from|import|require|import\()\s*\(?\s*['"](\.[^'"]+)['"]/g)].map(
    ([, name = '']) => {
      const file = posix.join(posix.dirname(path), name)
      const declaration = path.endsWith('.d.cts') ? '.d.cts' : '.d.ts'
      return /\.d\.c?ts$/.test(path) ? file.replace(/\.c?js$/, declaration) : file
    },
  )

describe('the package that npm packs', () => {
  test('has no file but those of the build, the docs and the papers', () => {
    expect(paths.filter((path) => !MAY_PACK.some((pattern) => pattern.test(path)))).toEqual([])
  })

  test.each([
    'package.json',
    'README.md',
    'CHANGELOG.md',
    'LICENSE',
    'THIRD-PARTY-LICENSES.md',
    'docs/errors.md',
    'docs/adapters/node.md',
    'docs/decisions/README.md',
  ])('has %s', (path) => {
    expect(paths).toContain(path)
  })

  test('has each file that the manifest names, and what these load, and no other of the build', () => {
    const needed = new Set(entries)
    for (const path of needed) for (const file of importsOf(path)) needed.add(file)

    expect(entries.length).toBeGreaterThan(30)
    expect([...needed].filter((path) => !paths.includes(path))).toEqual([])
    expect(paths.filter((path) => path.startsWith('dist/')).sort()).toEqual([...needed].sort())
  })

  test('names no source map and no path of this machine', () => {
    const root = fileURLToPath(ROOT)
    const wrong = paths.filter((path) => {
      const text = textOf(path)
      return text.includes('sourceMappingURL') || text.includes(root)
    })
    expect(wrong).toEqual([])
  })

  test('has a command that starts by itself', () => {
    for (const path of filesNamedBy(manifest.bin)) {
      expect(textOf(path).split('\n')[0]).toBe('#!/usr/bin/env node')
    }
  })

  test('has pages whose links lead to what is packed, or to what only the repository has', () => {
    const missing = paths
      .filter((path) => path.endsWith('.md'))
      .flatMap((page) =>
        [...textOf(page).matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)]
          .map(([, to = '']) => to)
          .filter((to) => !/^(https?|mailto):/.test(to))
          .map((to) => posix.join(posix.dirname(page), to))
          .filter((to) => !paths.includes(to) && !IN_REPOSITORY.test(to))
          .map((to) => `${page}: ${to}`),
      )
    expect(missing).toEqual([])
  })

  test('has a changelog with a paragraph to a human for its version', () => {
    const [, rest = ''] = textOf('CHANGELOG.md').split(`\n## ${manifest.version} - `)
    const [date = '', paragraph = ''] = rest.split('\n\n')

    expect(date).toMatch(/^\d{4}-\d\d-\d\d$/)
    expect(paragraph).toMatch(/^\w.{200,}\.$/s)
  })

  test('has the licence of what it carries inside', () => {
    const licence = textOf('node_modules/eventsource-parser/LICENSE').trim()

    expect(textOf('THIRD-PARTY-LICENSES.md')).toContain(licence)
  })

  test('has types for every entry point where TypeScript knows no exports', () => {
    const rooms = Object.keys(manifest.exports)
      .filter((entry) => entry !== '.' && entry !== './package.json')
      .map((entry) => entry.slice('./'.length))

    expect(rooms).toContain('testing')
    expect(manifest.typesVersions).toEqual({
      '*': Object.fromEntries(rooms.map((room) => [room, [`./dist/${room}.d.cts`]])),
    })
  })

  // On the oldest Node.js of `engines`, Yarn 1 refuses to install eventsource-parser, and npm warns of it.
  test('installs nothing else, runs no script at installation, and says what it needs', () => {
    const atInstallation = ['preinstall', 'install', 'postinstall', 'prepare']

    expect(manifest.dependencies).toBeUndefined()
    expect(Object.keys(manifest.scripts).filter((name) => atInstallation.includes(name))).toEqual(
      [],
    )
    expect(Object.keys(manifest.peerDependenciesMeta)).toEqual(
      Object.keys(manifest.peerDependencies),
    )
    expect(manifest.engines).toEqual({ node: '>=20.19' })
    expect(manifest.license).toBe('MIT')
  })
})
