// The pages of the repository, and the code that stands in them.

import { readdirSync, readFileSync } from 'node:fs'

export const ROOT = new URL('../../', import.meta.url)

/** Every page of README, docs and examples, by its path. */
export const pages = [
  'README.md',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  'CODE_OF_CONDUCT.md',
  'SECURITY.md',
  ...readdirSync(new URL('docs/', ROOT), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.md') && !path.startsWith('api'))
    .map((path) => `docs/${path}`),
  ...readdirSync(new URL('examples/', ROOT), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => `examples/${name}/README.md`),
]

export const textOf = (page: string) => readFileSync(new URL(page, ROOT), 'utf8')

/** What stands in a page's blocks of a language. */
export const blocksOf = (page: string, language: string) =>
  [...textOf(page).matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms'))].map(
    ([, code]) => code as string,
  )
