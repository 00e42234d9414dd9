// The built command as a process of its own.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterEach } from 'vitest'

const BIN = fileURLToPath(new URL('../../dist/cli.js', import.meta.url))

const running = new Set<ChildProcess>()

afterEach(() => {
  for (const child of running) child.kill('SIGKILL')
})

/** A running command, and what it has written. */
export interface Program {
  readonly child: ChildProcess
  out: string
  err: string
  /** Settles with the exit code, or the signal that ended it. */
  readonly ended: Promise<number | string>
  /** Settles once it has written this, to either side. */
  has(text: string): Promise<void>
}

interface Surroundings {
  /** What it reads; otherwise nothing. */
  input?: string | undefined
  env?: NodeJS.ProcessEnv
}

/** Runs `eventwire` with arguments. */
export const eventwire = (args: string[], surroundings?: Surroundings): Program =>
  started(process.execPath, [BIN, ...args], surroundings)

/** Runs a line of a shell, in which `eventwire` is the command. */
export const shell = (line: string, surroundings?: Surroundings): Program =>
  started(
    '/bin/sh',
    ['-c', line.replaceAll('eventwire', `'${process.execPath}' '${BIN}'`)],
    surroundings,
  )

function started(file: string, args: string[], { input, env }: Surroundings = {}): Program {
  const { FORCE_COLOR, NO_COLOR, ...own } = process.env
  const child = spawn(file, args, { env: { ...own, TERM: 'xterm-256color', ...env } })
  running.add(child)
  const listeners = new Set<() => void>()
  const program: Program = {
    child,
    out: '',
    err: '',
    ended: once(child, 'close').then(([code, signal]) => {
      running.delete(child)
      return code ?? signal
    }),
    has: (text) =>
      new Promise((resolve) => {
        const look = () => {
          if (!`${program.out}\0${program.err}`.includes(text)) return
          listeners.delete(look)
          resolve()
        }
        listeners.add(look)
        look()
      }),
  }
  child.stdout?.setEncoding('utf8').on('data', (text) => {
    program.out += text
    for (const look of listeners) look()
  })
  child.stderr?.setEncoding('utf8').on('data', (text) => {
    program.err += text
    for (const look of listeners) look()
  })
  child.stdin?.on('error', () => {})
  child.stdin?.end(input)
  return program
}
