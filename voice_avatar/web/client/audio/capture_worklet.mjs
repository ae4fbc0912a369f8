// The worklet that hands the microphone's samples on, at the context's rate, 10 ms at a time.

const POST_MS = 10;

class CaptureProcessor extends AudioWorkletProcessor {
  #block = new Float32Array(Math.ceil((sampleRate * POST_MS) / 1000 / 128) * 128);
  #filled = 0;

  /** @param {Float32Array[][]} inputs */
  process([channels]) {
    const samples = channels[0];
    if (!samples) return true; // nothing is connected at the moment
    this.#block.set(samples, this.#filled);
    this.#filled += samples.length;
    if (this.#filled >= this.#block.length) {
      const full = this.#block;
      this.#block = new Float32Array(full.length);
      this.#filled = 0;
      const endS = currentTime + samples.length / sampleRate;
      this.port.postMessage({ samples: full, endS }, [full.buffer]);
    }
    return true;
  }
}

registerProcessor("voice-avatar-capture", CaptureProcessor);
