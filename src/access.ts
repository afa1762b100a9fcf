import crypto from 'node:crypto'

/** Who may come in: everybody, or who has the password. */
export class Access {
  /** Empty: none is needed. */
  password: string

  constructor(password: string) {
    this.password = password
  }

  get isOpen(): boolean {
    return this.password === ''
  }

  /** Takes the same time whatever is given: digests are compared, and always whole. */
  isPassword(given: Buffer): boolean {
    const isEqual = crypto.timingSafeEqual(digest(given), digest(Buffer.from(this.password)))
    return isEqual || this.isOpen
  }
}

function digest(bytes: Buffer): Buffer {
  return crypto.createHash('sha256').update(bytes).digest()
}
