// Nodes of one service on one log, and clients that are spread over them.

import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { OpenStreamOptions } from '../../src/adapters/node.js'
import { type CloseAllOptions, MemoryLog, SseChannel, type StreamStats } from '../../src/index.js'
import { FakeEventSource } from '../fake-event-source.js'
import { serveLog } from './log-by-ipc.js'

const NODE = fileURLToPath(new URL('node.js', import.meta.url))

export interface Node {
  readonly url: string
  stats(): Promise<StreamStats>
  /** Sends SIGTERM, and waits for the end. */
  close(): Promise<{ code: number | null; count: number; stats: StreamStats }>
}

export interface NodeOptions {
  streamOptions?: OpenStreamOptions
  closeOptions?: CloseAllOptions
}

export class Cluster {
  /** The nodes between which a balancer would choose now. */
  readonly nodes: Node[] = []
  readonly published: string[] = []
  readonly #log = new MemoryLog()
  readonly #channel = new SseChannel({ name: 'feed', log: this.#log })
  readonly #children: ChildProcess[] = []
  readonly sources: FakeEventSource[] = []
  #turn = 0

  async startNode(options: NodeOptions): Promise<Node> {
    const child = fork(NODE, [JSON.stringify(options)], { serialization: 'advanced' })
    this.#children.push(child)
    serveLog(child, this.#log)
    const url = `http://127.0.0.1:${await told<number>(child, 'listening')}`
    return {
      url,
      stats: () => {
        child.send({ type: 'stats' })
        return told(child, 'stats')
      },
      close: async () => {
        const ended = once(child, 'close')
        const closed = told<{ count: number; stats: StreamStats }>(child, 'closed')
        child.kill('SIGTERM')
        const { count, stats } = await closed
        child.send({ type: 'bye' })
        const [code] = await ended
        return { code, count, stats }
      },
    }
  }

  /** Starts a successor and closes the node; the balancer hears of it last, and sends clients to the closed one until then. */
  async roll(place: number, options: NodeOptions): ReturnType<Node['close']> {
    const successor = await this.startNode(options)
    const closed = await (this.nodes[place] as Node).close()
    this.nodes[place] = successor
    return closed
  }

  /** Opens clients; each asks the nodes in turn, whether they live or not. */
  openSources(count: number): void {
    for (let i = 0; i < count; i++) {
      this.sources.push(
        new FakeEventSource(() => (this.nodes[this.#turn++ % this.nodes.length] as Node).url),
      )
    }
  }

  async publish(): Promise<void> {
    const data = `event ${this.published.length}`
    this.published.push(data)
    await this.#channel.publish({ data })
  }

  /** Publishes at a steady pace while `work` runs. */
  async publishDuring<T>(work: () => Promise<T>): Promise<T> {
    const publishing: Promise<void>[] = []
    const timer = setInterval(() => publishing.push(this.publish()), 50)
    const result = await work().finally(() => clearInterval(timer))
    await Promise.all(publishing)
    return result
  }

  async stop(): Promise<void> {
    await Promise.all(this.sources.map((source) => source.close()))
    for (const child of this.#children) {
      if (child.exitCode !== null || child.signalCode !== null) continue
      const ended = once(child, 'close')
      child.kill('SIGKILL')
      await ended
    }
    await this.#channel.close()
    await this.#log.close()
  }
}

/** Waits for what a node says of its own accord, or has been asked for. */
function told<T>(child: ChildProcess, expected: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const onMessage = ({ type, value }: { type: string; value: T }) => {
      if (type !== expected) return
      child.off('message', onMessage)
      child.off('close', onClose)
      resolve(value)
    }
    const onClose = (code: number | null) => reject(new Error(`The node has ended with ${code}`))
    child.on('message', onMessage).once('close', onClose)
  })
}
