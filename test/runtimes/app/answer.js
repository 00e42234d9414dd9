// Which route answers a request: /<check>/<route>, on every server the same.

import { checks } from './checks.js'
import { faults } from './faults.js'

/** Routes that belong to no check. */
const OWN = {
  faults: ({ json }) => json(faults.splice(0)),
  // What a server must not do, so that the run sees that it would be seen.
  err: ({ json }) => {
    void Promise.reject(new Error('on purpose'))
    json({})
  },
}

/**
 * Answers one request.
 *
 * @param url - the request's, with its query
 * @param ways - how this server does it: `open(options)`, `stop()`, `refuse(options)`, `json(value)`
 * @returns settles once one of them was called. What a route does after that goes on.
 */
export function answer(url, ways) {
  const { pathname, searchParams } = new URL(url, 'http://localhost')
  const [check, name] = pathname.slice(1).split('/')
  const route = check === 'own' ? OWN[name] : checks[check]?.routes[name]
  return new Promise((resolve) => {
    const call = { query: searchParams }
    for (const [way, act] of Object.entries(ways)) {
      call[way] = (...args) => {
        const result = act(...args)
        resolve()
        return result
      }
    }
    // What goes wrong here must fail the check, whatever the server would make of it.
    Promise.resolve(call)
      .then(route)
      .catch((error) => {
        faults.push(`${pathname}: ${error?.stack ?? error}`)
        resolve()
      })
  })
}
