// What stands beside a stream in NestJS: guards, interceptors, failing handlers, and a response passed through.

import {
  type CallHandler,
  type CanActivate,
  Controller,
  type ExecutionContext,
  Get,
  Header,
  HttpCode,
  Injectable,
  Module,
  type NestInterceptor,
  Req,
  Res,
  UseGuards,
  UseInterceptors,
} from '@nestjs/common'
import type { SseStream } from 'eventwire'
import { openStream as openOnExpress } from 'eventwire/express'
import { openStream as openOnFastify } from 'eventwire/fastify'
import { map, tap } from 'rxjs'
import { TicksController } from './ticks.controller.js'

/** The streams that these routes have opened. */
export const streams: SseStream[] = []

/** What the interceptor has seen. */
export const seen: string[] = []

type Exchange = [request: never, response: never]

const open = (...[request, response]: Exchange) => {
  const onFastify = 'raw' in (request as object)
  const stream = onFastify ? openOnFastify(request, response) : openOnExpress(request, response)
  streams.push(stream)
  return stream
}

@Injectable()
class NobodyGuard implements CanActivate {
  canActivate() {
    return false
  }
}

@Injectable()
class WrappingInterceptor implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler) {
    seen.push('before')
    return next.handle().pipe(
      tap(() => seen.push('after')),
      map((data) => ({ data })),
    )
  }
}

@Controller('beside')
class BesideController {
  @Get('guarded')
  @UseGuards(NobodyGuard)
  guarded(@Req() request: never, @Res() response: never) {
    open(request, response)
  }

  @Get('intercepted')
  @Header('x-own', '1')
  @HttpCode(203)
  @UseInterceptors(WrappingInterceptor)
  intercepted(@Req() request: never, @Res() response: never) {
    void open(request, response).end({ data: 'bye' })
  }

  @Get('failing')
  failing(@Req() request: never, @Res() response: never) {
    open(request, response)
    throw new Error('the password is swordfish')
  }

  @Get('passed-through')
  passedThrough(@Req() request: never, @Res({ passthrough: true }) response: never) {
    open(request, response)
  }
}

@Module({ controllers: [BesideController, TicksController] })
export class BesideModule {}
