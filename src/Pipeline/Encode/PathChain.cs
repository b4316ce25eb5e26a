using QemuZeroCopy.Pipeline.Convert;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Pipeline.Encode;

/// <summary>
/// The open converter and encoder, and the way down the list of paths when they fail. A path that cannot
/// take a scanout is tried again when another kind of scanout comes; one whose device keeps getting lost is not.
/// </summary>
internal sealed class PathChain : IDisposable
{
    private const int MaxLosses = 3;

    private readonly Slot[] _slots;
    private readonly IPipelineObserver? _observer;
    private (Type Kind, PixelFormat Pixels, ulong Modifier, PictureSize Size, VideoFormat Format) _key;
    private int _first;
    private Slot? _current;
    private EncoderSettings _settings;
    private IVideoEncoder? _replaced;

    public PathChain(IReadOnlyList<VideoPath> paths, IPipelineObserver? observer)
    {
        _slots = [.. paths.Select(path => new Slot(path))];
        _observer = observer;
    }

    public IFrameConverter? Converter => _current?.Converter;

    public IVideoEncoder? Encoder { get; private set; }

    /// <summary>
    /// Opens what <paramref name="scanout"/> needs. False when no path is left; <paramref name="isNew"/> says
    /// that the encoder has seen nothing yet.
    /// </summary>
    public bool Select(Scanout scanout, in EncoderSettings wanted, out bool isNew)
    {
        var key = KeyOf(scanout, wanted.Format);
        bool same = key == _key;
        isNew = false;
        if (same && Encoder is not null)
            return true;
        if (!same)
            _first = 0;
        _key = key;
        EncoderSettings settings = wanted;
        // All colour samples are a wish: who decodes them decodes a quarter of them as well.
        if (settings.Format.Chroma == ChromaFormat.Yuv444 && !IsTaken(scanout, settings.Format))
            settings = settings with { Format = VideoFormat.Default };
        for (; _first < _slots.Length; _first++)
        {
            Slot slot = _slots[_first];
            if (!CanTake(slot, scanout, settings.Format))
                continue;
            bool keepsEncoder = slot == _current && Encoder is not null && _settings.Size == settings.Size && _settings.Format == settings.Format;
            if (keepsEncoder || Open(slot, settings))
            {
                isNew = !keepsEncoder;
                return true;
            }
        }

        // Of another codec than H.264 there is a lower step still: the pipeline asks for H.264 next.
        if ((!same || _current is not null) && settings.Format.Codec == VideoCodec.H264)
            _observer?.NoPathLeft(scanout);
        CloseEncoder();
        _current = null;
        return false;
    }

    /// <summary>
    /// Opens the converter that <paramref name="scanout"/> will need, and nothing else: drivers compile for it, which shall
    /// be over when somebody comes to watch.
    /// </summary>
    public void OpenAhead(Scanout scanout, VideoFormat format)
    {
        foreach (Slot slot in _slots)
        {
            if (CanTake(slot, scanout, format) && TryOpenConverter(slot))
                return;
        }
    }

    /// <summary>Whether <see cref="Select"/> would leave all as it is for this scanout.</summary>
    public bool Fits(Scanout scanout) => Encoder is not null && KeyOf(scanout, _key.Format) == _key;

    private static (Type Kind, PixelFormat Pixels, ulong Modifier, PictureSize Size, VideoFormat Format) KeyOf(Scanout scanout, VideoFormat format) =>
        (scanout.GetType(), scanout.Format, (scanout as DmaBufScanout)?.Modifier ?? 0, scanout.Size, format);

    private bool IsTaken(Scanout scanout, VideoFormat format)
    {
        for (int i = _first; i < _slots.Length; i++)
        {
            if (CanTake(_slots[i], scanout, format))
                return true;
        }

        return false;
    }

    private static bool CanTake(Slot slot, Scanout scanout, VideoFormat format) =>
        slot.Losses < MaxLosses && slot.Path.Accepts(format) && slot.Path.Accepts(scanout);

    /// <summary>The open path cannot take this scanout: the next <see cref="Select"/> tries the one below.</summary>
    public void StepDown(string reason)
    {
        if (_current is null)
            return;
        _observer?.PathRefused(_current.Path.Name, reason);
        CloseEncoder();
        _current = null;
        _first++;
    }

    /// <summary>The device behind the open path is gone: it is opened anew, a few times.</summary>
    public void Lose(string reason)
    {
        if (_current is not { } lost)
            return;
        _observer?.PathRefused(lost.Path.Name, reason);
        // Before the converter, which may have imported their pictures.
        CloseReplaced();
        CloseEncoder();
        _current = null;
        lost.Losses++;
        lost.Close();
    }

    /// <summary>Closes the encoder that another one has taken the place of, where that was put off; to be called when there is time.</summary>
    public void CloseReplaced()
    {
        _replaced?.Dispose();
        _replaced = null;
    }

    public void Dispose()
    {
        CloseReplaced();
        CloseEncoder();
        _current = null;
        foreach (Slot slot in _slots)
            slot.Close();
    }

    private bool Open(Slot slot, in EncoderSettings settings)
    {
        if (!TryOpenConverter(slot))
            return false;
        if (slot == _current && slot.Path.OpensBesideAnother)
        {
            CloseReplaced();
            (_replaced, Encoder) = (Encoder, null);
        }

        CloseEncoder();
        if (!slot.Path.TryOpenEncoder(settings, out IVideoEncoder? encoder, out string? whyNot))
        {
            _observer?.PathRefused(slot.Path.Name, whyNot);
            return false;
        }

        (_current, Encoder, _settings) = (slot, encoder, settings);
        _observer?.PathChosen(settings.Size, slot.Converter!.Name, encoder.Name);
        return true;
    }

    private bool TryOpenConverter(Slot slot)
    {
        if (slot.Converter is not null)
            return true;
        if (slot.Path.TryOpenConverter(out IFrameConverter? converter, out string? missing))
        {
            slot.Converter = converter;
            return true;
        }

        slot.Losses = MaxLosses;
        _observer?.PathRefused(slot.Path.Name, missing);
        return false;
    }

    private void CloseEncoder()
    {
        Encoder?.Dispose();
        Encoder = null;
    }

    private sealed class Slot(VideoPath path)
    {
        public VideoPath Path { get; } = path;

        public IFrameConverter? Converter { get; set; }

        public int Losses { get; set; }

        public void Close()
        {
            Converter?.Dispose();
            Converter = null;
        }
    }
}
