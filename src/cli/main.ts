#!/usr/bin/env node
// The command `eventwire`.

import { readFileSync } from 'node:fs'
import { parseArguments, USAGE, UsageError } from './arguments.js'
import { EXIT, show } from './show.js'

const stop = new AbortController()
for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  // Once: the second one ends a process that does not end by itself.
  process.once(signal, () => {
    process.exitCode = code
    stop.abort()
  })
}

try {
  const command = parseArguments(process.argv.slice(2))
  if (command === 'help') process.stdout.write(USAGE)
  else if (command === 'version') process.stdout.write(`${version()}\n`)
  else {
    const code = await show(command, process, stop.signal)
    process.exitCode ??= code
    // What nobody reads would keep the process alive.
    if (stop.signal.aborted) process.exit()
  }
} catch (error) {
  if (!(error instanceof UsageError)) throw error
  const help = process.argv.length > 2 ? 'eventwire --help shows what can be asked for.\n' : USAGE
  process.stderr.write(`eventwire: ${error.message}\n\n${help}`)
  process.exitCode = EXIT.usage
}

function version(): string {
  const manifest = new URL('../package.json', import.meta.url)
  return JSON.parse(readFileSync(manifest, 'utf8')).version
}
