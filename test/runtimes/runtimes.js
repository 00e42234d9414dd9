// The runtimes: their versions, as pinned in package.json, their servers, and how each is started.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { workerConfig } from './worker.js'

const { dependencies } = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8'))

const versionOf = (name) => dependencies[name].replace(/^npm:.*@/, '')

/** What runs on Node, and where Node's modules are. */
const NODE_SERVERS = ['node-http', 'node-http2', 'express', 'fastify', 'koa']

const scriptOf = (cache, server) => join(cache, 'app/servers', `${server}.js`)

const node = (major) => ({
  name: `node${major}`,
  title: `Node ${versionOf(`node${major}`)}`,
  servers: [...NODE_SERVERS, 'hono'],
  command: (cache, server) => [
    join(cache, 'node_modules', `node${major}`, 'bin/node'),
    scriptOf(cache, server),
  ],
})

const BUN = '@oven/bun-linux-x64'
const DENO = '@deno/linux-x64-glibc'
const WORKERD = '@cloudflare/workerd-linux-64'

export const runtimes = [
  node(20),
  node(22),
  node(24),
  node(26),
  {
    name: 'bun',
    page: '../pages/bun',
    title: `Bun ${versionOf(BUN)}`,
    servers: ['bun', ...NODE_SERVERS],
    command: (cache, server) => [
      join(cache, 'node_modules', BUN, 'bin/bun'),
      'run',
      scriptOf(cache, server),
    ],
  },
  {
    name: 'deno',
    page: '../pages/deno',
    title: `Deno ${versionOf(DENO)}`,
    servers: ['deno', ...NODE_SERVERS],
    command: (cache, server) => [
      join(cache, 'node_modules', DENO, 'deno'),
      'run',
      '--allow-all',
      '--no-lock',
      '--node-modules-dir=manual',
      scriptOf(cache, server),
    ],
  },
  {
    name: 'workerd',
    page: 'page',
    title: `workerd ${versionOf(WORKERD)}`,
    servers: ['worker', 'durable-object', 'earlier-worker'],
    command: (cache, server) => [
      join(cache, 'node_modules', WORKERD, 'bin/workerd'),
      'serve',
      '--control-fd=1',
      workerConfig(cache, server),
    ],
  },
]

/** What each server is called in the table, and its protocol. */
export const servers = {
  'node-http': { title: '`eventwire/node` on `node:http`', protocol: 'http/1.1' },
  'node-http2': { title: '`eventwire/node` on `node:http2`', protocol: 'h2' },
  express: { title: '`eventwire/express`', protocol: 'http/1.1' },
  fastify: { title: '`eventwire/fastify`', protocol: 'http/1.1' },
  koa: { title: '`eventwire/koa`', protocol: 'http/1.1' },
  hono: { title: '`eventwire/fetch` on `@hono/node-server`', protocol: 'http/1.1' },
  bun: { title: '`eventwire/fetch` on `Bun.serve`', protocol: 'http/1.1' },
  deno: { title: '`eventwire/fetch` on `Deno.serve`', protocol: 'http/1.1' },
  worker: { title: '`eventwire/fetch` in a worker', protocol: 'http/1.1' },
  'durable-object': { title: '`eventwire/fetch` in a Durable Object', protocol: 'http/1.1' },
  'earlier-worker': {
    title: '`eventwire/fetch` in a worker with the compatibility date 2024-10-14',
    protocol: 'http/1.1',
  },
}
