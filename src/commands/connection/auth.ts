import type { Args } from '../../protocol/resp/args.js'
import { ERR, ReplyError, type Command, type Context } from '../command.js'

/**
 * Lets a client in who names the one user that there is and gives its password.
 * @throws ReplyError WRONGPASS
 */
export function authenticate({ server, session }: Context, user: string, args: Args, password: number): void {
  const given = args.buf.subarray(args.starts[password], args.ends[password])
  if (user !== 'default' || !server.isPassword(given)) {
    throw new ReplyError('WRONGPASS invalid username-password pair or user is disabled.')
  }
  session.authenticated = true
}

export const auth: Command = {
  name: 'auth',
  code: 83,
  arity: -2,
  flags: ['noscript', 'loading', 'stale', 'fast', 'no_auth', 'allow_busy'],
  group: 'connection',
  since: '1.0.0',
  summary: 'Gives the password, and the name of the user, which is default.',
  differs: 'One user, `default`; there is no ACL.',
  run(context, args) {
    if (args.count > 3) throw new ReplyError(ERR.syntax)
    if (args.count === 3) authenticate(context, args.text(1), args, 2)
    else if (context.server.isOpen()) {
      throw new ReplyError(
        'ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?',
      )
    } else authenticate(context, 'default', args, 1)
    context.reply.ok()
  },
}
