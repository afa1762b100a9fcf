import { spawn } from 'node:child_process'
import { once } from 'node:events'

/** Runs redis-cli as somebody at a terminal would, or with commands from a pipe. What it prints, errors included. */
export function redisCli(port: number, args: string[], input = ''): Promise<string> {
  return output('redis-cli', ['-p', String(port), ...args], input)
}

/** Runs a program to its end. What it prints, errors included. */
export async function output(program: string, args: string[], input = ''): Promise<string> {
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] })
  const chunks: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk))
  child.stdin.on('error', () => undefined) // with its commands as arguments it does not read
  child.stdin.end(input)
  await once(child, 'close')
  return Buffer.concat(chunks).toString()
}
