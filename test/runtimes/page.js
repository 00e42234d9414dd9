// The tables of docs/runtimes.md, as a run has found them.

import { readFileSync, writeFileSync } from 'node:fs'
import { limits, warnings } from './limits.js'
import { runtimes, servers } from './runtimes.js'

const PAGE = new URL('../../docs/runtimes.md', import.meta.url)

const BEGIN = '<!-- begin: npm run test:runtimes -- --write -->'
const END = '<!-- end -->'

const row = (cells) => `| ${cells.join(' | ')} |`

const table = (head, rows) => [row(head), row(head.map(() => '---')), ...rows.map(row)].join('\n')

/** A check holds where it holds on every server; else the limit's number stands there, or nothing. */
function cell(results, runtime, check) {
  const own = results.filter((result) => result.runtime === runtime && result.check === check)
  if (own.length === 0) return ''
  const { limit } = own.find((result) => result.limit !== undefined) ?? {}
  return limit === undefined ? '✓' : `see ${limits.indexOf(limit) + 1}`
}

/** Gives the tables for the results of a whole run. */
export function tablesOf(results, checks) {
  const titles = runtimes.map(({ title }) => title)
  const byCheck = Object.entries(checks).map(([check, { title }]) => [
    title,
    ...runtimes.map(({ name }) => cell(results, name, check)),
  ])
  const byServer = Object.entries(servers).map(([server, { title }]) => [
    title,
    ...runtimes.map(({ servers }) => (servers.includes(server) ? '✓' : '')),
  ])
  const notes = [...limits, ...warnings].map(({ runtime, reason }, index) => {
    const { title } = runtimes.find(({ name }) => name === runtime)
    return `${index + 1}. ${title}: ${reason}`
  })
  return [
    table(['', ...titles], byCheck),
    'Each was checked on these servers:',
    table(['', ...titles], byServer),
    'What a runtime cannot do:',
    notes.join('\n'),
  ].join('\n\n')
}

function split() {
  const page = readFileSync(PAGE, 'utf8')
  const begin = page.indexOf(BEGIN) + BEGIN.length
  const end = page.indexOf(END)
  return [page.slice(0, begin), page.slice(begin, end), page.slice(end)]
}

/** Tells whether the page shows these tables. */
export const shows = (tables) => split()[1].trim() === tables

/** Puts them on the page. */
export function write(tables) {
  const [before, , after] = split()
  writeFileSync(PAGE, `${before}\n\n${tables}\n\n${after}`)
}
