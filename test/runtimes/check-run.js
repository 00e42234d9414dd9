// One check, run against one server.

import { isDeepStrictEqual } from 'node:util'
import { ask, within } from './client.js'

/** What a check is given: its own routes, and ways to say what it expects. */
function toolsOf(server, protocol, name) {
  const open = (route, options) =>
    ask({ port: server.port, protocol, path: `/${name}/${route}`, ...options })

  const json = async (route) => {
    const answer = await open(route)
    const end = await answer.ended
    if (end !== 'whole' || answer.status !== 200) {
      throw new Error(`/${name}/${route} answered ${answer.status}, ${end}: ${answer.text()}`)
    }
    return JSON.parse(answer.text())
  }

  const equal = (actual, expected) => {
    if (isDeepStrictEqual(actual, expected)) return
    const [got, wanted] = [actual, expected].map((value) => JSON.stringify(value)?.slice(0, 500))
    throw new Error(`Expected ${wanted}, got ${got}`)
  }

  const ok = (condition, message) => {
    if (!condition) throw new Error(message)
  }

  const until = async (isReached, what) => {
    let isLate = false
    const reached = async () => {
      while (!isLate && !(await isReached())) await new Promise((again) => setTimeout(again, 50))
    }
    try {
      await within(what, reached())
    } finally {
      isLate = true
    }
  }

  return { open, json, equal, ok, until }
}

/** Runs a check. Gives what went wrong, `undefined` if nothing did. */
export async function runCheck(server, protocol, name, { check }) {
  let problem
  try {
    await check(toolsOf(server, protocol, name))
  } catch (error) {
    problem = error.message
  }
  const faults = await faultsOf(server, protocol)
  return faults.length === 0 ? problem : [problem, ...faults].filter(Boolean).join('\n')
}

async function faultsOf(server, protocol) {
  try {
    return await toolsOf(server, protocol, 'own').json('faults')
  } catch (error) {
    return [`The server is gone (${error.message}, ${server.ending()}): ${server.noise()}`]
  }
}

/** Has the server do what it must not, to see that it would be seen. */
export async function provokeFault(server, protocol) {
  const { json, until } = toolsOf(server, protocol, 'own')
  await json('err')
  await until(async () => (await json('faults')).length > 0, 'an unhandled rejection on purpose')
}
