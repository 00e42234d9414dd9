// How the site names its pages: by their first headings, and entry points by what is imported.
// @ts-check

import { readFileSync } from 'node:fs'
import { Comment, Converter, KindRouter } from 'typedoc'

/** The folders of docs/, as the site's contents call them. */
const FOLDERS = {
  adapters: 'Adapters',
  decisions: 'Decisions',
  migration: 'Coming from something else',
}

/** The files of the pages, without their ending: their addresses. */
const addresses = new Map()

class PageRouter extends KindRouter {
  /**
   * @override
   * @param {import('typedoc').Reflection} reflection
   */
  getIdealBaseName(reflection) {
    const address = addresses.get(reflection)
    return address === undefined ? super.getIdealBaseName(reflection) : `guides/${address}`
  }
}

/** @param {import('typedoc').Application} app */
export function load(app) {
  app.renderer.defineRouter('pages', PageRouter)
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    const files = app.options.getValue('entryPoints')
    for (const page of project.documents ?? []) {
      addresses.set(page, page.name)
      page.name = titleOf(page)
    }
    for (const entry of project.children ?? []) {
      const text = sentenceOf(files.find((file) => file.endsWith(`/${entry.name}.ts`)) ?? '')
      entry.comment = new Comment([{ kind: 'text', text }])
      entry.name = importOf(entry.name)
    }
    // The page has the project's name above it.
    const [first] = project.readme ?? []
    if (first?.kind === 'text') first.text = first.text.replace(/^# .*\n+/, '')
  })
}

/** @param {import('typedoc').DocumentReflection} page */
function titleOf(page) {
  const [, title] = /^# (.+)$/m.exec(page.content.map(({ text }) => text).join('')) ?? []
  if (title === undefined) throw new Error(`Expected a page with a heading, got ${page.name}`)
  const [folder = ''] = page.name.split('/')
  const name = FOLDERS[/** @type {keyof typeof FOLDERS} */ (folder)]
  // A stroke would make a folder of it.
  return [...(page.name.includes('/') && name ? [name] : []), title.replaceAll('`', '')].join('/')
}

/** @param {string} name - such as `adapters/express` */
function importOf(name) {
  const [last = ''] = name.split('/').reverse()
  return last === 'index' ? 'eventwire' : `eventwire/${last.replace('-log', '')}`
}

/** @param {string} file - its first line is a comment of one sentence */
const sentenceOf = (file) =>
  readFileSync(file, 'utf8')
    .split('\n', 1)
    .join('')
    .replace(/^\/\/ /, '')
