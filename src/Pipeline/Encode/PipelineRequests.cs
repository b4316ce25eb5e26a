namespace QemuZeroCopy.Pipeline.Encode;

/// <summary>What other threads want of an encode thread; the latest wish of a kind wins.</summary>
internal sealed class PipelineRequests(ConsolePipelineOptions options)
{
    private readonly Lock _gate = new();
    private VideoFormat _format = options.Format;
    private volatile int _bitsPerSecond = options.BitsPerSecond;
    private volatile int _framesPerSecond = options.MaxFramesPerSecond;
    private volatile int _viewers = options.Viewers;
    private int _keyFrame;
    private int _expected;
    private volatile bool _stopping;

    public bool IsStopping => _stopping;

    public int Viewers => _viewers;

    public int BitsPerSecond
    {
        get => _bitsPerSecond;
        set => _bitsPerSecond = value;
    }

    public int FramesPerSecond
    {
        get => _framesPerSecond;
        set => _framesPerSecond = value;
    }

    public VideoFormat Format
    {
        get
        {
            lock (_gate)
                return _format;
        }

        set
        {
            lock (_gate)
                _format = value;
        }
    }

    public void Stop() => _stopping = true;

    public void RequestKeyFrame() => Volatile.Write(ref _keyFrame, 1);

    public bool TakeKeyFrameRequest() => Volatile.Read(ref _keyFrame) != 0 && Interlocked.Exchange(ref _keyFrame, 0) != 0;

    public void ExpectViewer() => Volatile.Write(ref _expected, 1);

    public bool TakeExpectation() => Interlocked.Exchange(ref _expected, 0) != 0;

    public void SetViewers(int viewers)
    {
        lock (_gate)
        {
            if (viewers > _viewers)
                RequestKeyFrame();
            _viewers = viewers;
        }
    }
}
