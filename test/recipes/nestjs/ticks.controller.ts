// An Observable as a stream: what `@Sse()` does, with the ending known on both sides.

import { Controller, Get, type MessageEvent, Req, Res } from '@nestjs/common'
import { openStream } from 'eventwire/express'
import type { Request, Response } from 'express'
import { interval, map, type Observable, take } from 'rxjs'

@Controller('ticks')
export class TicksController {
  @Get()
  async listen(@Req() req: Request, @Res() res: Response) {
    const ticks: Observable<MessageEvent> = interval(10).pipe(
      take(3),
      map((n) => ({ type: 'tick', id: `${n}`, data: { n } })),
    )
    const stream = openStream(req, res)
    await stream
      .sendAll(ticks, ({ type = 'message', ...event }) => ({ event: type, ...event }))
      .catch((error) => stream.destroy(error))
    await stream.end({ event: 'done' })
  }
}
