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
    private int _bitsPerSecond;
    private int _framesPerSecond;
    private bool _rateChanged;
    private long _pts;

    private VaapiEncoder(VaapiSetup setup, VaapiSurfaces surfaces, HardwareEncoder encoder, EncoderRate rate)
    {
        _setup = setup;
        _surfaces = surfaces;
        _encoder = encoder;
        (_bitsPerSecond, _framesPerSecond) = (rate.BitsPerSecond, rate.FramesPerSecond);
        Name = $"{setup.EncoderName}{(setup.IsLowPower ? " (low power)" : "")}: {setup.Device.Vendor}{(surfaces.AreExported ? "" : ", uploaded")}";
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public VideoCodec Codec => _setup.Codec;

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
            return new VaapiEncoder(setup, surfaces, OpenEncoder(setup, surfaces, size, rate), rate);
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
    public EncodeOutcome Encode(PictureTarget picture, TileMap changed, EncodeRequest request, EncodedFrame frame)
    {
        ArgumentNullException.ThrowIfNull(frame);
        if (!_surfaces.TryBind(picture, changed, out MediaFrame? bound))
            return Fail("no surface is free");
        bound.Stamp(_pts++, request.KeyFrame);
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

    private static HardwareEncoder OpenEncoder(VaapiSetup setup, VaapiSurfaces surfaces, PictureSize size, EncoderRate rate)
    {
        string refusals = "";
        foreach (string mode in setup.RateControls)
        {
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
