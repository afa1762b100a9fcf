import { spawn } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import ts from 'typescript'
import type { Bug, TestChoice } from './bugs.js'
import { plant, ROOT } from './source.js'

const TIMEOUT_MS = 120_000
/** Chance must not save a bug, and how a failure came about is not asked. */
const ENVIRONMENT = { FLIN_KEYSPACE_RUNS: '200', FLIN_NO_SHRINKING: '1' }
/** A bug must break what the program does, not the program's text: these would be caught by anything. */
const BROKEN = /SyntaxError|ReferenceError|ERR_MODULE_NOT_FOUND|is not a function/

export type Outcome = 'passed' | 'failed' | 'hangs' | 'does not even run'

/** A copy of the build, in which bugs can be planted. */
export class BuildCopy {
  readonly #folder: string
  readonly #options: ts.CompilerOptions

  private constructor(folder: string, options: ts.CompilerOptions) {
    this.#folder = folder
    this.#options = options
  }

  static make(): BuildCopy {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'flin-planted-'))
    fs.cpSync(path.join(ROOT, 'dist'), path.join(folder, 'dist'), {
      recursive: true,
      filter: (name) => !/\.(map|d\.ts|tsbuildinfo)$/.test(name),
    })
    fs.copyFileSync(path.join(ROOT, 'package.json'), path.join(folder, 'package.json'))
    fs.symlinkSync(fs.realpathSync(path.join(ROOT, 'node_modules')), path.join(folder, 'node_modules'))
    const { config } = ts.readConfigFile(path.join(ROOT, 'tsconfig.json'), (name) => fs.readFileSync(name, 'utf8')) as {
      config: { compilerOptions: object }
    }
    const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, ROOT)
    // A module by itself does not see the package.json that says what kind of modules these are.
    const single = { module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler }
    return new BuildCopy(folder, { ...options, ...single, sourceMap: false, declaration: false, incremental: false })
  }

  remove(): void {
    fs.rmSync(this.#folder, { recursive: true, force: true })
  }

  /**
   * Does something while the bug is in the copy.
   * @throws Error when the bug does not fit into the source any more.
   */
  async with<T>(bug: Bug, job: () => Promise<T>): Promise<T> {
    const { outputText, diagnostics = [] } = ts.transpileModule(plant(bug), {
      compilerOptions: this.#options,
      fileName: path.join(ROOT, bug.file),
      reportDiagnostics: true,
    })
    if (diagnostics.length > 0) {
      throw new Error(
        `${bug.name} does not compile: ${ts.flattenDiagnosticMessageText(diagnostics[0]!.messageText, ' ')}`,
      )
    }
    const target = path.join(this.#folder, built(bug.file))
    const original = fs.readFileSync(target)
    fs.writeFileSync(target, outputText)
    try {
      return await job()
    } finally {
      fs.writeFileSync(target, original)
    }
  }

  async run({ file, tests }: TestChoice): Promise<Outcome> {
    const pattern = tests === undefined ? [] : [`--test-name-pattern=${tests}`]
    const child = spawn(process.execPath, ['--test-reporter=tap', ...pattern, built(file)], {
      cwd: this.#folder,
      env: { ...process.env, ...ENVIRONMENT },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const output: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => output.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => output.push(chunk))
    const timer = setTimeout(() => child.kill('SIGKILL'), TIMEOUT_MS)
    const code = await new Promise<number | null>((resolve) => child.on('close', resolve))
    clearTimeout(timer)
    if (code === null) return 'hangs'
    if (code === 0) return 'passed'
    return BROKEN.test(Buffer.concat(output).toString()) ? 'does not even run' : 'failed'
  }
}

function built(file: string): string {
  return path.join('dist', file.replace(/\.ts$/, '.js'))
}
