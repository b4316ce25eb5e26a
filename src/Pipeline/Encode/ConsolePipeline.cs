using QemuZeroCopy.Interop.Linux;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Pipeline.Encode;

/// <summary>
/// The encode thread of one console: takes the newest picture out of a <see cref="FrameMailbox"/>, converts
/// what was damaged, encodes what really changed and hands the access unit to an
/// <see cref="IEncodedFrameSink"/>. No damage, no frame; a picture at rest is sharpened, then there is
/// silence. See docs/pipeline.md. All methods are callable from any thread and return at once.
/// </summary>
public sealed class ConsolePipeline : IDisposable
{
    /// <summary>The lowest rate target taken, in bits per second: what a still desktop's text needs to stay readable.</summary>
    public const int MinBitsPerSecond = 100_000;

    /// <summary>The highest frame rate taken.</summary>
    public const int MaxFramesPerSecondLimit = 240;

    private readonly FrameMailbox _mailbox;
    private readonly PipelineCounters _counters = new();
    private readonly EncodeLoop _loop;
    private readonly PipelineRequests _requests;
    private readonly Thread _thread;
    private int _disposed;

    /// <summary>
    /// A pipeline that has not started yet. <paramref name="mailbox"/> and <paramref name="sink"/> stay the
    /// caller's and must live until <see cref="Dispose"/> has returned; so must <paramref name="observer"/>.
    /// </summary>
    /// <param name="mailbox">Where pictures come from. The pipeline is its only taker.</param>
    /// <param name="paths">Ways to encode, best first; see <see cref="VideoPath"/>.</param>
    /// <param name="sink">Called on the encode thread.</param>
    /// <param name="options">How to start.</param>
    /// <param name="observer">Told of path changes and refused scanouts; null for nobody.</param>
    public ConsolePipeline(
        FrameMailbox mailbox, IReadOnlyList<VideoPath> paths, IEncodedFrameSink sink,
        ConsolePipelineOptions? options = null, IPipelineObserver? observer = null)
    {
        ArgumentNullException.ThrowIfNull(mailbox);
        ArgumentNullException.ThrowIfNull(paths);
        ArgumentNullException.ThrowIfNull(sink);
        options ??= new ConsolePipelineOptions();
        _mailbox = mailbox;
        _requests = new PipelineRequests(options);
        var chain = new PathChain(paths, observer);
        _loop = new EncodeLoop(mailbox, chain, new PictureReader(mailbox, chain, _counters), _counters, sink, _requests, options, observer);
        _thread = NamedThread.Create(options.ThreadName, _loop.Run);
    }

    /// <summary>Starts the thread; once.</summary>
    public void Start() => _thread.Start();

    /// <summary>
    /// The next access unit shall be decodable on its own, also when the picture is at rest. Requests that
    /// come within a quarter of a second after a key frame are met together after it.
    /// </summary>
    public void RequestKeyFrame()
    {
        _requests.RequestKeyFrame();
        _mailbox.WakeUp();
    }

    /// <summary>Aims at a rate from the next picture on; values below <see cref="MinBitsPerSecond"/> are raised to it.</summary>
    public void SetTargetBitrate(int bitsPerSecond) => _requests.BitsPerSecond = Math.Max(bitsPerSecond, MinBitsPerSecond);

    /// <summary>Encodes at most this many pictures in a second, clamped to 1 … <see cref="MaxFramesPerSecondLimit"/>.</summary>
    public void SetMaxFrameRate(int framesPerSecond) =>
        _requests.FramesPerSecond = Math.Clamp(framesPerSecond, 1, MaxFramesPerSecondLimit);

    /// <summary>
    /// Says how many watch. With 0 nothing is encoded, but damage adds up and QEMU is answered; more viewers
    /// than before imply a key frame.
    /// </summary>
    public void SetViewerCount(int viewers)
    {
        _requests.SetViewers(Math.Max(viewers, 0));
        _mailbox.WakeUp();
    }

    /// <summary>A first viewer is on its way: the encoder is opened meanwhile, which takes as long as a key frame does.</summary>
    public void ExpectViewer()
    {
        _requests.ExpectViewer();
        _mailbox.WakeUp();
    }

    /// <summary>What all viewers can decode from now on. A change means a new encoder and a key frame.</summary>
    public void SetFormat(VideoFormat format)
    {
        _requests.Format = format;
        _mailbox.WakeUp();
    }

    /// <summary>Counters and the state now; a consistent copy.</summary>
    public PipelineStatistics Statistics => _counters.Now;

    /// <summary>
    /// Ends the thread and waits for it: at most one picture's time. Converter and encoder are closed, QEMU is
    /// answered for what was taken. The mailbox stays open.
    /// </summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        _requests.Stop();
        _mailbox.WakeUp();
        if ((_thread.ThreadState & ThreadState.Unstarted) != 0)
            _loop.Dispose();
        else
            _thread.Join();
    }
}
