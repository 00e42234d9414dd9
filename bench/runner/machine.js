// Where and with what a bench ran: machine, limits, and the versions of the peers.

import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { cpus, release, totalmem, type } from 'node:os'
import { delimiter, join } from 'node:path'

const DEPENDENCIES = new URL('../package.json', import.meta.url)

const FILES = Number(execFileSync('sh', ['-c', 'ulimit -Hn'], { encoding: 'utf8' })) || 1_048_576

/** How many files a process may open. */
export const openFiles = () => FILES

/** What a bench needs is not there: told without a stack. */
export class Missing extends Error {}

/** For the 3,000 clients that a bench has at least, and the process itself. */
const LEAST_FILES = 3_100

/** @throws {Missing} when even the small benches could not connect their clients. */
export function needFiles() {
  const files = openFiles()
  if (files >= LEAST_FILES) return
  throw new Missing(
    `Expected a limit of open files (ulimit -Hn) of ${LEAST_FILES} or more, got ${files}: a client is a file`,
  )
}

/** @throws {Missing} when there is no such program in the path. */
export function needProgram(name) {
  const isThere = process.env.PATH?.split(delimiter).some((folder) =>
    existsSync(join(folder, name)),
  )
  if (!isThere) throw new Missing(`Expected the program ${name} in the PATH, found none`)
}

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
