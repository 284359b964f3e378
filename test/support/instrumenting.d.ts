/** A source that counts what is run of it. */
export function instrument(source: string, file: string): string;
