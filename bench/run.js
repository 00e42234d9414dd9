// The command: runs the benchmarks that are named, or all, prints a table for each, and writes what the docs say of them.
//
// All are written; those that are named are printed only, or written too with --write.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { draw } from './runner/charts.js'
import { stopAll } from './runner/cleanup.js'
import { Missing, machine, versions } from './runner/machine.js'
import { columnsOf, PAGES, written } from './runner/page.js'
import { progress } from './runner/progress.js'
import { readResults, writeResults } from './runner/results.js'

/** Those that are no figures of eventwire alone: they run when they are named. */
const BY_NAME = ['proxies', 'redis-throughput', 'restart', 'soak']

const docs = (path) => new URL(`../docs/${path}`, import.meta.url)

const known = readdirSync(new URL('.', import.meta.url))
  .filter((file) => file.endsWith('.js') && file !== 'run.js')
  .map((file) => file.replace('.js', ''))

const words = process.argv.slice(2)
const isToWrite = words.length === 0 || words.includes('--write')
const named = words.filter((word) => word !== '--write')
const unknown = named.filter((name) => !known.includes(name))
if (unknown.length > 0) {
  console.error(`Expected names out of ${known.join(', ')}, got ${unknown.join(', ')}`)
  process.exit(1)
}

const load = (name) => import(`./${name}.js`)

/** Runs one bench to its end; its tables are printed as they come. */
async function run(name) {
  progress.next()
  const { tables: measure } = await load(name)
  const tables = []
  for await (const table of measure({ isToWrite })) {
    progress.clear()
    print(name, table)
    tables.push(table)
  }
  return {
    date: new Date().toISOString().slice(0, 10),
    seconds: progress.benchSeconds,
    machine: { ...machine(), versions: versions() },
    tables,
  }
}

/** As `run`; a bench that fails is told of, and the next has its turn. */
async function attempt(name) {
  try {
    return await run(name)
  } catch (error) {
    progress.clear()
    console.error(
      `${name} did not run to its end:`,
      error instanceof Missing ? error.message : error,
    )
    process.exitCode = 1
    stopAll()
  }
}

function print(bench, table) {
  // A column's name is its own on the console.
  const columns = columnsOf(table).map(({ name, unit, show }) => ({
    label: name === unit ? unit : `${name}, ${unit.split(',')[0]}`,
    show,
  }))
  const cells = ([name, readings]) => [
    name,
    Object.fromEntries(columns.map(({ label, show }) => [label, show({ name, readings })])),
  ]
  console.log(`\n${bench}: ${table.title}`)
  console.table(Object.fromEntries(Object.entries(table.rows).map(cells)))
}

/** Writes the figures of the pages, and the charts, from the results that are kept. */
async function writeDocs(results) {
  for (const page of PAGES) {
    writeFileSync(docs(page), written(readFileSync(docs(page), 'utf8'), results))
  }
  for (const name of Object.keys(results)) {
    const { charts } = await load(name)
    for (const [chart, spec] of Object.entries(charts?.(results[name].tables) ?? {})) {
      await draw(spec, docs(`charts/${chart}`))
    }
  }
}

process.once('exit', (code) => {
  progress.clear()
  // By a signal.
  if (code > 128) {
    console.error(
      isToWrite
        ? 'Stopped: benches that had ended are in bench/results.json, and `npm run bench -- --write` writes the docs from it'
        : 'Stopped: nothing was written',
    )
  }
})

let results = readResults()
const isWhole = words.length === 0
const isWritingOnly = isToWrite && !isWhole && named.length === 0
const benches = isWhole ? known.filter((name) => !BY_NAME.includes(name)) : named
if (!isWritingOnly) {
  const { node, cpus } = machine()
  console.log(`Node.js ${node}, ${cpus}`)
  progress.start(benches, (name) => results[name]?.seconds)
  for (const name of benches) {
    const result = await attempt(name)
    // One that is written stays written if a later one fails.
    if (isToWrite && result !== undefined) {
      // Another run may have written meanwhile.
      results = { ...readResults(), [name]: result }
      writeResults(results)
    }
  }
  progress.clear()
}
if (isToWrite) await writeDocs(results)
// What a bench that failed has left open would keep the process.
process.exit()
