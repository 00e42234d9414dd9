// What stands beside a stream in SvelteKit: headers and cookies that are set on the event.

import { openStream } from 'eventwire/fetch'
import type { RequestHandler } from './$types'

export const GET: RequestHandler = ({ request, cookies, setHeaders }) => {
  setHeaders({ 'x-own': '1' })
  cookies.set('a', 'b', { path: '/' })
  const { stream, response } = openStream(request)
  void stream.end({ data: 'bye' })
  return response
}
