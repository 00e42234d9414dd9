// A server of Node.js; nothing is configured for streams.

import adapter from '@sveltejs/adapter-node'

export default { kit: { adapter: adapter() } }
