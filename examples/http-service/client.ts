import type { Reading } from './reading.js';

/** What a user of the service does. */
export class Client {
  constructor(private readonly url: string) {}

  async post(reading: Reading): Promise<void> {
    await this.#request('/readings', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(reading),
    });
  }

  async count(): Promise<number> {
    return Number(await this.#request('/readings/count'));
  }

  async #request(path: string, init?: RequestInit): Promise<string> {
    const response = await fetch(this.url + path, init);
    const text = await response.text();
    if (!response.ok) {
      throw new Error(`${path} answered ${String(response.status)}: ${text}`);
    }
    return text;
  }
}
