using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using QemuZeroCopy.Interop.X264;
using QemuZeroCopy.Pipeline.Convert;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Pipeline.Encode.X264;

/// <summary>
/// H.264 on the CPU, driven by what changed: unchanged macroblocks are not analysed, and the quantizer follows
/// the room that the link has.
/// </summary>
public sealed unsafe class X264VideoEncoder : IVideoEncoder
{
    // What follows a pause this long is new content; see QuantizerControl.Forget.
    private const long RestNs = 500_000_000;

    private readonly X264Encoder _encoder;
    private readonly PictureTarget _target;
    private readonly QuantizerControl _quantizer = new();
    private readonly EffortControl _effort = new(Effort);
    private readonly EncoderSettings _settings;
    private readonly int _blocks;
    private readonly HeldBlocks _held;
    private readonly byte[] _codedAt;
    private byte* _unchanged;
    private X264Unit _sent;
    private int _lastQp;
    private readonly ScrollFinder _scrolls;
    private bool _wasLarge;
    private long _pts;
    private long _lastNs;
    private long _intervalNs;

    private X264VideoEncoder(X264Encoder encoder, in EncoderSettings settings, int threads)
    {
        _encoder = encoder;
        _settings = settings;
        _intervalNs = 1_000_000_000 / settings.FramesPerSecond;
        _target = settings.Format.Chroma == ChromaFormat.Yuv444 ? new HostPicture444(settings.Size) : new HostPicture(settings.Size);
        int columns = BlocksOf(settings.Size.Width), rows = BlocksOf(settings.Size.Height);
        _blocks = columns * rows;
        _codedAt = new byte[_blocks];
        _scrolls = new ScrollFinder(settings.Size);
        _held = new HeldBlocks(columns, rows, settings.Format.Chroma == ChromaFormat.Yuv444);
        RefinementPortion = Math.Max(_blocks / PicturesToSharpness, 64);
        _unchanged = (byte*)NativeMemory.AlignedAlloc((nuint)_blocks, 64);
        Name = threads > 1 ? $"x264 ({threads} slices)" : "x264";
    }

    /// <summary>Frees the memory when nobody disposed of the encoder.</summary>
    ~X264VideoEncoder() => Free();

    // Some letters, a caret, a menu's line; not a film, whose bits can only be learned.
    private const int SmallChange = 64;

    // From here on it matters how long the search takes.
    private const int LargeChange = 8;

    // All of the picture is sharp after so many: a quarter of a second at 60 a second.
    private const int PicturesToSharpness = 16;

    /// <summary>How hard x264 searches; see <see cref="X264Encoder.SetEffort"/>.</summary>
    internal const int Effort = 1;

    /// <summary>Quantizer of the last picture.</summary>
    internal int LastQuantizer => _quantizer.Last;

    /// <summary>How hard x264 searched for the last picture.</summary>
    internal int LastEffort { get; private set; } = Effort;

    /// <summary>Whether it searched far away for the last picture.</summary>
    internal bool LastSearchWasWide { get; private set; } = true;

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public int RefinementPortion { get; }

    /// <inheritdoc/>
    public VideoCodec Codec => VideoCodec.H264;

    /// <summary>Opens an encoder; false with one line that says what is missing or what x264 refused.</summary>
    public static bool TryOpen(in EncoderSettings settings, [NotNullWhen(true)] out X264VideoEncoder? encoder, [NotNullWhen(false)] out string? whyNot) =>
        TryOpen(settings, ThreadCount.For(settings.Size), out encoder, out whyNot);

    internal static bool TryOpen(in EncoderSettings settings, int threads, [NotNullWhen(true)] out X264VideoEncoder? encoder, [NotNullWhen(false)] out string? whyNot)
    {
        encoder = null;
        if (settings.Format.Codec != VideoCodec.H264)
        {
            whyNot = $"x264 does not make {settings.Format.Codec}.";
            return false;
        }

        bool planar = settings.Format.Chroma == ChromaFormat.Yuv444;
        var config = new X264Config
        {
            Width = settings.Size.Width,
            Height = settings.Size.Height,
            FramesPerSecond = settings.FramesPerSecond,
            Profile = planar ? (int)H264Profile.High444 : (int)settings.Format.Profile,
            IsPlanar444 = planar ? 1 : 0,
            Threads = threads,
            Effort = Effort,
            UseMacroblockInfo = 1,
        };
        if (X264Encoder.TryOpen(config, out whyNot) is not { } native)
        {
            whyNot ??= "x264 gave no reason.";
            return false;
        }

        encoder = new X264VideoEncoder(native, settings, threads);
        whyNot = null;
        return true;
    }

    /// <inheritdoc/>
    public PictureTarget AcquireTarget() => _target;

    /// <inheritdoc/>
    public EncodeOutcome Encode(PictureTarget picture, TileMap changed, EncodeRequest request, EncodedFrame frame)
    {
        ArgumentNullException.ThrowIfNull(changed);
        ArgumentNullException.ThrowIfNull(frame);
        if (!ReferenceEquals(picture, _target) || changed.Size != _settings.Size)
            throw new ArgumentException("The picture is not this encoder's target.", nameof(picture));

        bool key = request.KeyFrame || _pts == 0;
        long nowNs = MonotonicClock.NowNs;
        if (nowNs - _lastNs > RestNs)
            _quantizer.Forget();
        X264Picture input = Describe(changed, key, request);
        bool isWhole = input.Unchanged == null || (request.RefinementStep > 0 && request.Refinement is null);
        bool isStill = !key && changed.IsEmpty, isWide = SearchesWide(input, changed, key);
        bool isHolding = !isWhole && input.Qp < _lastQp && HoldCoarser(input.Qp);
        if (isHolding)
            _held.Hold(input, _sent);
        // What only sharpens is its own best prediction, where it is.
        UseEffort(isStill || key ? 0 : _effort.Effort, isWide);
        bool isEncoded = _encoder.Encode(input, out X264Unit unit);
        _lastNs = MonotonicClock.NowNs; // from here on it rests; a picture that takes long is none
        if (isHolding)
            _held.Restore(input);
        if (!isEncoded)
        {
            // What it had sent before may not stand there any more.
            _lastQp = 0;
            return EncodeOutcome.Failed;
        }

        (_sent, _lastQp) = (unit, input.Qp);
        NoteCoded(input, changed, key, isWhole);
        if (unit.Length > EncodedFrame.MaxBytes)
            return EncodeOutcome.Failed;
        new ReadOnlySpan<byte>(unit.Data, unit.Length).CopyTo(frame.Reserve(unit.Length));
        frame.Advance(unit.Length);
        frame.IsKeyFrame = unit.IsKeyFrame != 0;
        frame.IsSharp = !key && input.Qp <= QuantizerControl.FinestStill;
        frame.Codec = Codec;
        // Key frames are rare, and longer by nature.
        if (!frame.IsKeyFrame && !changed.IsEmpty)
            _effort.Learn(MonotonicClock.NowNs - nowNs, _intervalNs);
        if (request.RefinementStep == 0)
            _quantizer.Learn(unit.Length * 8, frame.IsKeyFrame);
        return EncodeOutcome.Encoded;
    }

    /// <inheritdoc/>
    public void SetRate(int bitsPerSecond, int framesPerSecond)
    {
        // The room that comes with each request follows the bit rate: x264 itself gets a quantizer for each picture.
        _intervalNs = 1_000_000_000 / Math.Max(framesPerSecond, 1);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _encoder.Dispose();
        _held.Dispose();
        _target.Dispose();
        Free();
        GC.SuppressFinalize(this);
    }

    private X264Picture Describe(TileMap changed, bool key, EncodeRequest request)
    {
        var input = new X264Picture { IsKeyFrame = key ? 1 : 0, Pts = _pts++ };
        byte* luma;
        if (_target is HostPicture nv12)
        {
            (input.Stride0, input.Stride1) = (nv12.Stride, nv12.Stride);
            input.Plane0 = luma = nv12.Luma;
            input.Plane1 = nv12.Chroma;
        }
        else
        {
            var planar = (HostPicture444)_target;
            (input.Stride0, input.Stride1, input.Stride2) = (planar.Stride, planar.Stride, planar.Stride);
            input.Plane0 = luma = planar.Y;
            input.Plane1 = planar.Cb;
            input.Plane2 = planar.Cr;
        }

        if (key)
            changed = _all ??= Filled();
        else if (changed.Count <= _blocks / 2)
            // In a picture that moves as a whole, what happens to be equal is better predicted from its neighbours.
            input.Unchanged = MarkUnchanged(changed, request.Refinement);
        input.Qp = request.RefinementStep > 0 && !key
            ? _quantizer.Refine(request.RefinementStep)
            : _quantizer.Choose(DetailProbe.Measure(luma, input.Stride0, changed), key, request.RoomBits, changed.Count <= _blocks / SmallChange);
        return input;
    }

    private TileMap? _all;

    private TileMap Filled()
    {
        var map = new TileMap(_settings.Size, PictureTarget.MacroblockSize);
        map.Fill();
        return map;
    }

    // Blocks at rest that were coded with a coarser quantizer than this one, and that no refinement is planned for.
    private bool HoldCoarser(int qp)
    {
        Span<byte> mask = _held.Mask;
        int held = 0;
        for (int i = 0; i < mask.Length; i++)
        {
            mask[i] = (byte)(_codedAt[i] > qp ? _unchanged[i] : 0);
            held += mask[i];
        }

        return held > 0;
    }

    private void NoteCoded(in X264Picture input, TileMap changed, bool key, bool isWhole)
    {
        var qp = (byte)input.Qp;
        for (int i = 0; i < _codedAt.Length; i++)
        {
            if (key || (isWhole ? _codedAt[i] > qp : input.Unchanged[i] == 0))
                _codedAt[i] = qp;
        }

        for (int row = 0; row < changed.Rows; row++)
        {
            foreach (int column in changed.RowOf(row))
                _codedAt[row * changed.Columns + column] = qp;
        }
    }

    // A large change that is no scroll, and comes out of the blue, is new content: nothing of it is found anywhere. Motion
    // of other kinds is found from its second picture on, and looked for without asking what it is.
    private bool SearchesWide(in X264Picture input, TileMap changed, bool key)
    {
        bool isLarge = !key && changed.Count > _blocks / LargeChange, goesOn = isLarge && _wasLarge;
        _wasLarge = isLarge;
        if (key || goesOn)
            _scrolls.Miss(key ? _all! : changed);
        if (goesOn)
            return true;
        _scrolls.CatchUp(input.Plane0, input.Stride0);
        return !isLarge || _scrolls.Find(input.Plane0, input.Stride0, changed) != 0;
    }

    private void UseEffort(int effort, bool isWide)
    {
        if (effort != LastEffort || isWide != LastSearchWasWide)
            _encoder.SetEffort(effort, isWide);
        (LastEffort, LastSearchWasWide) = (effort, isWide);
    }

    private byte* MarkUnchanged(TileMap changed, RefinementMap? refinement)
    {
        NativeMemory.Fill(_unchanged, (nuint)_blocks, 1);
        if (refinement is not null)
        {
            ReadOnlySpan<byte> steps = refinement.Steps;
            for (int i = 0; i < steps.Length; i++)
                _unchanged[i] = steps[i] == 0 ? (byte)1 : (byte)0;
        }

        for (int row = 0; row < changed.Rows; row++)
        {
            byte* line = _unchanged + (nint)row * changed.Columns;
            foreach (int column in changed.RowOf(row))
                line[column] = 0;
        }

        return _unchanged;
    }

    private static int BlocksOf(int pixels) => (pixels + PictureTarget.MacroblockSize - 1) / PictureTarget.MacroblockSize;

    private void Free()
    {
        NativeMemory.AlignedFree(_unchanged);
        _unchanged = null;
    }
}
