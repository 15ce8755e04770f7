// The live stream: sound goes out, snapshots and pictures come in. Opens itself again when it breaks.

const MOST_WAITING = 1 << 20; // bytes; a connection that slow loses sound rather than fall behind

export class Live {
  // handlers: snapshot(object), picture(ArrayBuffer), ready(object), lost(words)
  constructor(handlers) {
    this.handlers = handlers;
    this.wishes = { sample_rate: 48000, picture: true };
    this.pause = 500;
    this.connect();
  }

  connect() {
    const address = new URL("/api/live", location.href);
    address.protocol = address.protocol.replace("http", "ws");
    const socket = new WebSocket(address);
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    let reason = "the studio does not answer";
    socket.onopen = () => socket.send(JSON.stringify(this.wishes));
    socket.onmessage = ({ data }) => {
      if (data instanceof ArrayBuffer) return this.handlers.picture(data);
      const message = JSON.parse(data);
      if (message.type === "snapshot") this.handlers.snapshot(message);
      else if (message.type === "ready") {
        this.pause = 500;
        this.handlers.ready(message);
      } else {
        reason = message.error;
        // What was refused would be refused again.
        this.wishes.models = [];
      }
    };
    socket.onclose = () => {
      this.handlers.lost(reason);
      setTimeout(() => this.connect(), this.pause);
      this.pause = Math.min(this.pause * 2, 8000);
    };
  }

  // Wishes are kept, so that a new connection begins with all of them.
  wish(wishes) {
    const look = { ...this.wishes.look, ...wishes.look };
    Object.assign(this.wishes, wishes);
    if (Object.keys(look).length) this.wishes.look = look;
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(wishes));
  }

  // Mono samples at the rate that was wished.
  sound(samples) {
    if (this.socket.readyState === WebSocket.OPEN && this.socket.bufferedAmount < MOST_WAITING) this.socket.send(samples);
  }
}
