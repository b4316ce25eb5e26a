using QemuZeroCopy.Interop.FFmpeg;
using QemuZeroCopy.Pipeline.Convert;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Pipeline.Encode.Vaapi;

/// <summary>
/// Encodes by a GPU's own encoder, through FFmpeg's VAAPI encoders. With exported surfaces a compute shader
/// writes NV12 straight into what the encoder reads; without, host pixels are uploaded.
/// </summary>
internal sealed class VaapiEncoder : IVideoEncoder
{
    private readonly VaapiSetup _setup;
    private readonly VaapiSurfaces _surfaces;
    private readonly HardwareEncoder _encoder;
    private readonly InterestRegions? _interest;
    private int _bitsPerSecond;
    private int _framesPerSecond;
    private bool _rateChanged;
    private long _pts;

    private VaapiEncoder(VaapiSetup setup, VaapiSurfaces surfaces, HardwareEncoder encoder, InterestRegions? interest, EncoderRate rate)
    {
        _setup = setup;
        _surfaces = surfaces;
        _encoder = encoder;
        _interest = interest;
        (_bitsPerSecond, _framesPerSecond) = (rate.BitsPerSecond, rate.FramesPerSecond);
        Name = $"{setup.EncoderName}{(setup.IsLowPower ? " (low power)" : "")}: {setup.Device.Vendor}{(surfaces.AreExported ? "" : ", uploaded")}";
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public VideoCodec Codec => _setup.Codec;

    /// <summary>Regions of interest told to the encoder since the start.</summary>
    internal long RegionsMarked { get; private set; }

    /// <summary>What the driver said when it last failed.</summary>
    public string LastError { get; private set; } = "";

    /// <summary>Opens an encoder for pictures of one size, which takes over the setup's device when it succeeds.</summary>
    /// <exception cref="EncoderSetupException">Driver, FFmpeg and settings do not go together; the message says which and why.</exception>
    public static VaapiEncoder Open(VaapiSetup setup, PictureSize size, EncoderRate rate)
    {
        VaapiSurfaces? surfaces = null;
        try
        {
            surfaces = new VaapiSurfaces(setup, size);
            HardwareEncoder encoder = OpenEncoder(setup, surfaces, size, rate, out bool isRateControlled);
            return new VaapiEncoder(setup, surfaces, encoder, InterestRegions.For(size, setup.Regions, isRateControlled), rate);
        }
        catch (FFmpegException e)
        {
            surfaces?.Dispose();
            throw new EncoderSetupException(e.Message, e);
        }
        catch
        {
            surfaces?.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public PictureTarget AcquireTarget() => _surfaces.Acquire();

    /// <inheritdoc/>
    public PictureTarget? AcquireNext(PictureTarget picture, TileMap changed) => _surfaces.AcquireNext(picture, changed);

    /// <inheritdoc/>
    public EncodeOutcome Encode(PictureTarget picture, TileMap changed, EncodeRequest request, EncodedFrame frame)
    {
        ArgumentNullException.ThrowIfNull(frame);
        if (!_surfaces.TryBind(picture, changed, out MediaFrame? bound))
            return Fail("no surface is free");
        bound.Stamp(_pts++, request.KeyFrame);
        MarkRegions(bound, changed, request);
        if (_rateChanged)
            _rateChanged = !_setup.Device.TryPendRate(_bitsPerSecond, BufferBits(_bitsPerSecond, _framesPerSecond));

        CodecResult result = _encoder.Encode(bound, out ReadOnlySpan<byte> accessUnit, out bool isKeyFrame);
        _surfaces.Unbind();
        if (result == CodecResult.Error)
            return Fail(_encoder.LastError);
        if (result == CodecResult.Again)
            return EncodeOutcome.Pending;
        accessUnit.CopyTo(frame.Reserve(accessUnit.Length));
        frame.Advance(accessUnit.Length);
        frame.Codec = Codec;
        frame.IsKeyFrame = isKeyFrame;
        frame.Size = picture.Size;
        return EncodeOutcome.Encoded;
    }

    /// <inheritdoc/>
    public void SetRate(int bitsPerSecond, int framesPerSecond)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bitsPerSecond);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(framesPerSecond);
        _rateChanged |= bitsPerSecond != _bitsPerSecond || framesPerSecond != _framesPerSecond;
        (_bitsPerSecond, _framesPerSecond) = (bitsPerSecond, framesPerSecond);
    }

    /// <summary>The encoder first, as it holds surfaces of the pool; the device last.</summary>
    public void Dispose()
    {
        _encoder.Dispose();
        _surfaces.Dispose();
        _setup.Device.Dispose();
    }

    private void MarkRegions(MediaFrame frame, TileMap changed, in EncodeRequest request)
    {
        if (_interest is null)
            return;
        ReadOnlySpan<FrameRegion> regions = _interest.Find(changed, request, out int offset);
        if (!regions.IsEmpty && frame.TryMark(regions, offset))
            RegionsMarked += regions.Length;
    }

    private static HardwareEncoder OpenEncoder(VaapiSetup setup, VaapiSurfaces surfaces, PictureSize size, EncoderRate rate, out bool isRateControlled)
    {
        string refusals = "";
        foreach (string mode in setup.RateControls)
        {
            isRateControlled = mode != VaapiSetup.ConstantQuantizer;
            try
            {
                return new HardwareEncoder(surfaces.Frames, new HardwareEncoderOptions(
                    setup.EncoderName, size.Width, size.Height, rate.FramesPerSecond, rate.BitsPerSecond,
                    BufferBits(rate.BitsPerSecond, rate.FramesPerSecond), mode, setup.IsLowPower));
            }
            catch (FFmpegException e)
            {
                refusals = refusals.Length == 0 ? e.Message : $"{refusals}; {e.Message}";
            }
        }

        throw new FFmpegException(refusals);
    }

    /// <summary>One frame's share: a larger frame than that would queue on the way.</summary>
    private static int BufferBits(int bitsPerSecond, int framesPerSecond) => Math.Max(bitsPerSecond / Math.Max(framesPerSecond, 1), 16_000);

    /// <summary>The driver does not say whether it will recover; a failure costs one step of the ladder.</summary>
    private EncodeOutcome Fail(string why)
    {
        LastError = why;
        return EncodeOutcome.DeviceLost;
    }
}
