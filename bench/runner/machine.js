// Where and with what a bench ran: machine, limits, and the versions of the peers.

import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { cpus, release, totalmem, type } from 'node:os'

const DEPENDENCIES = new URL('../package.json', import.meta.url)

/** How many files a process may open. */
export const openFiles = () =>
  Number(execFileSync('sh', ['-c', 'ulimit -Hn'], { encoding: 'utf8' })) || 1_048_576

/** What a reader must know to compare with a machine of their own. */
export const machine = () => ({
  node: process.version,
  cpus: `${cpus().length} x ${cpus()[0]?.model.trim() ?? 'unknown'}`,
  memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
  system: `${type()} ${release().split('-')[0]}`,
  openFiles: openFiles(),
})

/** The pinned versions, from the names that benches import: an alias such as `npm:openai@6.49.0` is one of its package. */
export function versions() {
  const { dependencies } = JSON.parse(readFileSync(DEPENDENCIES, 'utf8'))
  return Object.entries(dependencies)
    .filter(([name]) => !NO_PEERS.has(name))
    .map(([name, version]) =>
      version.startsWith('npm:') ? version.slice(4).replace('@', ' ') : `${name} ${version}`,
    )
}

const NO_PEERS = new Set(['eventwire', 'vega', 'vega-lite'])
