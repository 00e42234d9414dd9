// What was measured last, kept in bench/results.json: the figures of the docs come from there.

import { existsSync, readFileSync, writeFileSync } from 'node:fs'

const FILE = new URL('../results.json', import.meta.url)

/**
 * By the name of the bench.
 *
 * @typedef {{ date: string, seconds: number, machine: Record<string, unknown>, tables: import('./figures.js').Table[] }} Result
 * @returns {Record<string, Result>}
 */
export const readResults = () => (existsSync(FILE) ? JSON.parse(readFileSync(FILE, 'utf8')) : {})

/** A line for each row: a change of one can be seen. */
export function writeResults(results) {
  const text = JSON.stringify(results, null, 2).replace(
    /\[\s+([-\d.,\s]+?)\s+\]/g,
    (_all, list) => `[${list.replace(/\s+/g, ' ')}]`,
  )
  writeFileSync(FILE, `${text}\n`)
}

/** The table of the key `bench/table`. */
export function tableOf(results, key) {
  const [bench] = key.split('/')
  const name = key.slice(bench.length + 1)
  const table = results[bench]?.tables.find((candidate) => candidate.key === name)
  if (table === undefined) throw new Error(`No results have a table ${key}`)
  return table
}
