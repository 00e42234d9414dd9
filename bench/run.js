// Runs the benchmarks that are named, or all, and prints a table for each.

import { readdirSync } from 'node:fs'
import { cpus } from 'node:os'

const OWN = ['run.js', 'rounds.js', 'arena.js']

const all = readdirSync(new URL('.', import.meta.url))
  .filter((file) => file.endsWith('.js') && !OWN.includes(file))
  .map((file) => file.replace('.js', ''))

const named = process.argv.slice(2)
const unknown = named.filter((name) => !all.includes(name))
if (unknown.length > 0) {
  console.error(`Expected names out of ${all.join(', ')}, got ${unknown.join(', ')}`)
  process.exit(1)
}

console.log(`Node.js ${process.version}, ${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}\n`)
for (const name of named.length > 0 ? named : all) {
  console.log(`# ${name}`)
  const { tables } = await import(`./${name}.js`)
  for await (const { title, rows } of tables()) {
    console.log(`\n${title}`)
    console.table(rows)
  }
}
