// What an AudioWorklet's global scope has, which TypeScript's DOM types leave out.

declare const sampleRate: number;
declare const currentTime: number;

declare class AudioWorkletProcessor {
  readonly port: MessagePort;
}

declare function registerProcessor(name: string, type: typeof AudioWorkletProcessor): void;
