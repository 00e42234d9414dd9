// The real programs that tests need beside Node: which are here, and what is left out without them.

import { existsSync } from 'node:fs'
import type { TestProject } from 'vitest/node'

/** A program, where Debian puts it, and how to get it. */
const PROGRAMS = {
  chromium: { path: '/usr/bin/chromium', install: 'apt-get install chromium' },
  nginx: { path: '/usr/sbin/nginx', install: 'apt-get install nginx' },
  haproxy: { path: '/usr/sbin/haproxy', install: 'apt-get install haproxy' },
  caddy: { path: '/usr/bin/caddy', install: 'apt-get install caddy' },
  apache2: { path: '/usr/sbin/apache2', install: 'apt-get install apache2' },
  jq: { path: '/usr/bin/jq', install: 'apt-get install jq' },
  valgrind: { path: '/usr/bin/valgrind', install: 'apt-get install valgrind' },
  varnishd: { path: '/usr/sbin/varnishd', install: 'apt-get install varnish' },
  // It is part of every Debian.
  script: { path: '/usr/bin/script', install: 'apt-get install bsdutils' },
  'redis-server': { path: '/usr/bin/redis-server', install: 'apt-get install redis-server' },
} as const

export type Program = keyof typeof PROGRAMS

declare module 'vitest' {
  interface ProvidedContext {
    programs: Partial<Record<Program, string>>
  }
}

/**
 * Finds the programs before the tests run, and says after them what was not tested.
 *
 * With `EVENTWIRE_REQUIRE_PROGRAMS=1`, as in .ci/run, a missing one fails the run instead.
 */
export default function setup(project: TestProject) {
  const names = Object.keys(PROGRAMS) as Program[]
  const missing = names.filter((name) => !existsSync(PROGRAMS[name].path))
  const report = missing.map(
    (name) => `  ${name} (${PROGRAMS[name].path}): ${PROGRAMS[name].install}`,
  )
  if (missing.length > 0 && process.env.EVENTWIRE_REQUIRE_PROGRAMS === '1') {
    throw new Error(`The tests need programs that are not installed:\n${report.join('\n')}`)
  }
  project.provide(
    'programs',
    Object.fromEntries(
      names.filter((name) => !missing.includes(name)).map((name) => [name, PROGRAMS[name].path]),
    ),
  )
  return () => {
    if (missing.length === 0) return
    const line = '!'.repeat(78)
    console.warn(
      `\n${line}\nNOT TESTED, for want of a program. Install it to run these tests too:\n${report.join('\n')}\n${line}\n`,
    )
  }
}
