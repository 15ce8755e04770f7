// Where sound comes from: the demo song, a file, the microphone. Files are sent ahead of what is heard by as much as the
// picture needs, so that the two come together.

const STEP_MS = 15;
const MOST_LATE_S = 2; // a tab in the background is woken rarely; what it missed before that is not made up for
const MOST_SAMPLES = 16384; // in a message
const AHEAD_S = 0.05; // for the way there and back, and for a picture to be drawn

export class Sound {
  // live: where samples go; changed(source): called with "demo", "file", "microphone" or null
  constructor(live, changed) {
    this.live = live;
    this.changed = changed;
    this.delay_s = 0.064;
    this.request = 0; // counts what was asked for, so that what comes late can be told
    this.volume = 0.8;
  }

  async context() {
    this.audio ??= new AudioContext({ latencyHint: "interactive" });
    this.gain ??= this.audio.createGain();
    this.gain.gain.value = this.volume;
    this.gain.connect(this.audio.destination);
    if (this.audio.state !== "running") await this.audio.resume();
    return this.audio;
  }

  setVolume(volume) {
    this.volume = volume;
    if (this.gain) this.gain.gain.setTargetAtTime(volume, this.audio.currentTime, 0.02);
  }

  async playDemo() {
    const { audio, wanted } = await this.begin();
    this.demo ??= await audio.decodeAudioData(await (await fetch("/demo.ogg")).arrayBuffer());
    if (wanted()) this.play(this.demo, "demo", true);
  }

  async playFile(file) {
    const { audio, wanted } = await this.begin();
    let buffer;
    try {
      buffer = await audio.decodeAudioData(await file.arrayBuffer());
    } catch {
      throw new Error(`${file.name} is no sound that this browser can decode`);
    }
    if (wanted()) this.play(buffer, "file", false);
  }

  // Ends what plays. Until the new source is there another may be asked for, or none: then it is not wanted any more.
  async begin() {
    this.stop();
    const request = this.request;
    const audio = await this.context();
    this.live.wish({ sample_rate: audio.sampleRate });
    return { audio, wanted: () => request === this.request };
  }

  play(buffer, source, loop) {
    this.stop();
    const { audio } = this;
    const node = new AudioBufferSourceNode(audio, { buffer, loop });
    node.connect(this.gain);
    const started = audio.currentTime + this.delay_s + AHEAD_S;
    node.start(started);
    const channels = Array.from({ length: buffer.numberOfChannels }, (_, n) => buffer.getChannelData(n));
    let sent = 0;
    const timer = setInterval(() => {
      const due = Math.floor((audio.currentTime - started + this.delay_s + AHEAD_S) * buffer.sampleRate);
      const end = loop ? due : Math.min(due, buffer.length);
      sent = Math.max(sent, Math.floor(end - MOST_LATE_S * buffer.sampleRate));
      while (end - sent >= 256) {
        const length = Math.min(end - sent, MOST_SAMPLES);
        this.live.sound(mixed(channels, sent, length));
        sent += length;
      }
    }, STEP_MS);
    node.onended = () => this.playing?.node === node && this.stop();
    this.playing = {
      node,
      end() {
        clearInterval(timer);
        node.onended = null;
        node.stop();
        node.disconnect();
      },
    };
    this.changed(source);
  }

  async listen() {
    if (!window.isSecureContext || !navigator.mediaDevices) {
      throw new Error("Browsers give the microphone to encrypted or local pages only: open the studio on this machine, or through an SSH tunnel or an https proxy.");
    }
    const { audio, wanted } = await this.begin();
    const plain = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
    let stream;
    try {
      stream = await navigator.mediaDevices.getUserMedia({ audio: plain });
    } catch (error) {
      throw new Error(`The microphone cannot be used: ${error.message}`);
    }
    this.tapAdded ??= audio.audioWorklet.addModule("/web/tap.js");
    await this.tapAdded;
    if (!wanted()) {
      stream.getTracks().forEach((track) => track.stop());
      return;
    }
    const source = audio.createMediaStreamSource(stream);
    const tap = new AudioWorkletNode(audio, "tap", { numberOfOutputs: 0 });
    tap.port.onmessage = ({ data }) => this.live.sound(data);
    source.connect(tap);
    this.playing = {
      end() {
        stream.getTracks().forEach((track) => track.stop());
        source.disconnect();
        tap.port.onmessage = null;
      },
    };
    this.changed("microphone");
  }

  stop() {
    this.request += 1;
    if (!this.playing) return;
    this.playing.end();
    this.playing = null;
    this.changed(null);
  }
}

// Samples from..from + length of all channels as one; a loop begins again.
function mixed(channels, from, length) {
  const samples = new Float32Array(length);
  const all = channels[0].length;
  for (const channel of channels) {
    for (let n = 0; n < length; n++) samples[n] += channel[(from + n) % all] / channels.length;
  }
  return samples;
}
