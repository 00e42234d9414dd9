// What workerd is told: a config beside the server's program, in one module, since it finds modules by their names only.

import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

const OBJECT = `
  bindings = [(name = "ROOM", durableObjectNamespace = "Room")],
  durableObjectNamespaces = [(className = "Room", uniqueKey = "room")],
  durableObjectStorage = (inMemory = void),`

/** Which program each server runs, as of which date: what changed in Workers since then is as it was. */
const WORKERS = {
  worker: { program: 'worker', date: '2026-11-01' },
  'durable-object': { program: 'durable-object', date: '2026-11-01', more: OBJECT },
  page: { program: '../pages/workers', date: '2026-11-01', more: OBJECT },
  // The earliest by which a request may write to the stream of another.
  'earlier-worker': { program: 'worker', date: '2024-10-14' },
}

const configOf = (server, { date, more = '' }) => `using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [(name = "main", worker = .worker)],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);

const worker :Workerd.Worker = (
  modules = [(name = "worker", esModule = embed "${server}.bundle.js")],
  compatibilityDate = "${date}",${more}
);
`

/** Makes the config for a server of the app, and gives its path. */
export function workerConfig(cache, server) {
  const servers = join(cache, 'app/servers')
  execFileSync(join(cache, 'node_modules/.bin/esbuild'), [
    join(servers, `${WORKERS[server].program}.js`),
    '--bundle',
    '--format=esm',
    '--log-level=warning',
    `--outfile=${join(servers, `${server}.bundle.js`)}`,
  ])
  const config = join(servers, `${server}.capnp`)
  writeFileSync(config, configOf(server, WORKERS[server]))
  return config
}
