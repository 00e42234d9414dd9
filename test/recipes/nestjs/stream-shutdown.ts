// What ends the streams when the application closes: an open one would keep its server from closing.

import { type BeforeApplicationShutdown, Injectable } from '@nestjs/common'
import { HttpAdapterHost } from '@nestjs/core'
import { closeAllStreams } from 'eventwire'

@Injectable()
export class StreamShutdown implements BeforeApplicationShutdown {
  constructor(private readonly host: HttpAdapterHost) {}

  async beforeApplicationShutdown() {
    // First of all no new connections: a client comes back as soon as it may.
    this.host.httpAdapter.getHttpServer().close()
    await closeAllStreams({ withinMs: 2_000 })
  }
}
