// Processes of a bench: a server's, so that its CPU is its own, and that of its clients; told what to do by messages.

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { stoppedAtExit } from './cleanup.js'
import { needFiles } from './machine.js'

/** A process that runs a module of the bench, and answers each message with one. */
export class Child {
  #process
  #heard = []
  #wake = () => {}
  #exit
  #kill

  /**
   * @param {string} module - its URL
   * @param {(string | number)[]} args
   */
  constructor(module, ...args) {
    needFiles()
    // Some peers leave thousands of listeners to warn of.
    const execArgv = ['--expose-gc', '--no-warnings']
    this.#process = fork(fileURLToPath(module), args.map(String), { execArgv })
    this.#kill = stoppedAtExit(() => this.#process.kill())
    this.#process.on('message', (message) => {
      this.#heard.push(message)
      this.#wake()
    })
    this.#process.on('exit', (code, signal) => {
      this.#exit = `${args.join(' ')} ended with ${code ?? signal}`
      this.#wake()
    })
  }

  /** The next message. */
  async hears() {
    while (this.#heard.length === 0) {
      if (this.#exit !== undefined) throw new Error(this.#exit)
      await new Promise((resolve) => {
        this.#wake = resolve
      })
    }
    return this.#heard.shift()
  }

  /** Sends a message, and gives the answer. */
  ask(message) {
    this.#process.send(message)
    return this.hears()
  }

  async end() {
    if (this.#exit !== undefined) return
    this.#kill()
    await once(this.#process, 'close')
  }
}

// Such a process ends with the one that started it, whatever becomes of that.
if (process.send !== undefined) process.once('disconnect', () => process.exit())

/** In such a process: answers messages until the bench ends. */
export async function answer(reply) {
  // One at a time, in order.
  let last = Promise.resolve()
  process.on('message', (message) => {
    last = last.then(async () => process.send(await reply(message)))
  })
}

/** The arguments of such a process. */
export const childArguments = () => process.argv.slice(2)

/** Whether the process was started to run this module. */
export const isProgram = (module) =>
  process.send !== undefined && process.argv[1] === fileURLToPath(module)

/** On a clock that all processes of the machine share. */
export const nowMicros = () => Number(process.hrtime.bigint() / 1_000n)

export const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
