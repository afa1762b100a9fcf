import { SimFile, type Survival } from './sim-file.js'
import type { Random } from './random.js'

export const ROOT = '.'

/** A change of names that is one step to the file system: it survives whole or not at all. */
interface NameChange {
  readonly seq: number
  /** Folders that must be synced before it is durable. */
  readonly unsynced: Set<string>
  readonly makes: string | null
  /** `file` null: the name goes, if it still stands for `was`. */
  readonly names: readonly { folder: string; name: string; file: SimFile | null; was: SimFile | null }[]
}

type Names = Map<string, Map<string, SimFile>>

/** Which names stand for which files: as the kernel shows it, and as it stands on the platter. */
export class SimFolders {
  readonly #view: Names = new Map([[ROOT, new Map<string, SimFile>()]])
  readonly #stable: Names = new Map([[ROOT, new Map<string, SimFile>()]])
  #pending: NameChange[] = []

  /** Folders with these files, all durable. */
  static of(files: Iterable<readonly [path: string, file: SimFile]>): SimFolders {
    const folders = new SimFolders()
    for (const [path, file] of files) {
      const { folder, name } = split(path)
      for (const names of [folders.#view, folders.#stable]) {
        if (!names.has(folder)) names.set(folder, new Map())
        names.get(folder)!.set(name, file)
      }
    }
    return folders
  }

  find(path: string): SimFile | undefined {
    const { folder, name } = split(path)
    return this.#view.get(folder)?.get(name)
  }

  list(folder: string): string[] {
    return [...(this.#view.get(folder)?.keys() ?? [])]
  }

  hasFolder(folder: string): boolean {
    return this.#view.has(folder)
  }

  /** All paths and their files. */
  *entries(): Generator<[path: string, file: SimFile]> {
    for (const [folder, names] of this.#view) {
      for (const [name, file] of names) yield [folder === ROOT ? name : `${folder}/${name}`, file]
    }
  }

  makeFolder(folder: string, seq: number): void {
    if (this.#view.has(folder)) return
    this.#change({ seq, unsynced: new Set([ROOT]), makes: folder, names: [] })
  }

  create(path: string, file: SimFile, seq: number): void {
    const { folder, name } = split(path)
    this.#change({ seq, unsynced: new Set([folder]), makes: null, names: [{ folder, name, file, was: null }] })
  }

  remove(path: string, seq: number): void {
    const { folder, name } = split(path)
    const was = this.find(path)!
    this.#change({ seq, unsynced: new Set([folder]), makes: null, names: [{ folder, name, file: null, was }] })
  }

  rename(from: string, to: string, seq: number): void {
    const source = split(from)
    const target = split(to)
    const file = this.find(from)!
    const names = [
      { ...source, file: null, was: file },
      { ...target, file, was: null },
    ]
    this.#change({ seq, unsynced: new Set([source.folder, target.folder]), makes: null, names })
  }

  #change(change: NameChange): void {
    apply(this.#view, change)
    this.#pending.push(change)
  }

  /** Makes the changes up to `seq` durable as far as this folder is concerned. */
  sync(folder: string, seq: number): void {
    for (const change of this.#pending) {
      if (change.seq > seq) continue
      change.unsynced.delete(folder)
      if (change.unsynced.size === 0) apply(this.#stable, change)
    }
    this.#pending = this.#pending.filter((change) => change.unsynced.size > 0)
  }

  /** The names after a power cut; unsynced changes survive one by one, at random. */
  survivor(rng: Random, survival: Survival): SimFolders {
    const names: Names = new Map()
    for (const [folder, files] of this.#stable) names.set(folder, new Map(files))
    const kept = this.#pending.length === 0 ? 0 : rng.below(this.#pending.length + 1)
    this.#pending.forEach((change, i) => {
      const isKept = survival === 'random' ? rng.chance(0.5) : survival === 'prefix' ? i < kept : survival === 'all'
      if (isKept) apply(names, change)
    })
    const survivors = new Map<SimFile, SimFile>()
    const folders = new SimFolders()
    for (const [folder, files] of names) {
      const after = new Map<string, SimFile>()
      for (const [name, file] of files) {
        const survivor = survivors.get(file) ?? file.survivor(rng, survival)
        survivors.set(file, survivor)
        after.set(name, survivor)
      }
      folders.#view.set(folder, after)
      folders.#stable.set(folder, new Map(after))
    }
    return folders
  }

  /** The same, unsynced changes and all, with files of its own; also tells which file became which. */
  clone(): { folders: SimFolders; twins: Map<SimFile, SimFile> } {
    const twins = new Map<SimFile, SimFile>()
    const twin = (file: SimFile): SimFile => {
      const known = twins.get(file) ?? file.clone()
      twins.set(file, known)
      return known
    }
    const folders = new SimFolders()
    copyNames(this.#view, folders.#view, twin)
    copyNames(this.#stable, folders.#stable, twin)
    folders.#pending = this.#pending.map((change) => ({
      ...change,
      unsynced: new Set(change.unsynced),
      names: change.names.map((it) => ({
        ...it,
        file: it.file === null ? null : twin(it.file),
        was: it.was === null ? null : twin(it.was),
      })),
    }))
    return { folders, twins }
  }
}

function apply(names: Names, change: NameChange): void {
  if (change.makes !== null && !names.has(change.makes)) names.set(change.makes, new Map())
  // A change that concerns a folder which did not survive did not survive either.
  if (!change.names.every(({ folder }) => names.has(folder))) return
  for (const { folder, name, file, was } of change.names) {
    const files = names.get(folder)!
    if (file !== null) files.set(name, file)
    else if (files.get(name) === was) files.delete(name)
  }
}

function copyNames(from: Names, to: Names, twin: (file: SimFile) => SimFile): void {
  for (const [folder, files] of from) {
    const copies = new Map<string, SimFile>()
    for (const [name, file] of files) copies.set(name, twin(file))
    to.set(folder, copies)
  }
}

function split(path: string): { folder: string; name: string } {
  const at = path.lastIndexOf('/')
  return at < 0 ? { folder: ROOT, name: path } : { folder: path.slice(0, at), name: path.slice(at + 1) }
}
