namespace QemuZeroCopy.Interop.FFmpeg;

/// <summary>What a call to the encoder came to.</summary>
public enum CodecResult
{
    /// <summary>There is a packet.</summary>
    Packet,

    /// <summary>The encoder wants another frame first (AVERROR(EAGAIN)).</summary>
    Again,

    /// <summary>The driver failed; see <see cref="HardwareEncoder.LastError"/>.</summary>
    Error,
}

/// <summary>How to set up a hardware encoder. Rates are in bits per second.</summary>
/// <param name="Name">libavcodec's name: h264_vaapi, hevc_vaapi, av1_vaapi.</param>
/// <param name="Width">Pixels.</param>
/// <param name="Height">Pixels.</param>
/// <param name="FramesPerSecond">What the rate control reckons with.</param>
/// <param name="BitsPerSecond">Target and ceiling.</param>
/// <param name="BufferBits">Size of the VBV.</param>
/// <param name="RateControl">h264_vaapi's rc_mode: "CBR", "VBR" or "CQP".</param>
/// <param name="IsLowPower">Use VAEntrypointEncSliceLP.</param>
public sealed record HardwareEncoderOptions(
    string Name, int Width, int Height, int FramesPerSecond, int BitsPerSecond, int BufferBits, string RateControl, bool IsLowPower);

/// <summary>
/// One of libavcodec's VAAPI encoders, set up for the least delay: one frame in flight, no B-frames, key
/// frames on demand only.
/// </summary>
public sealed unsafe class HardwareEncoder : IDisposable
{
    private readonly FFmpegLibrary _library;
    private nint _codec;
    private nint _packet;

    /// <summary>Opens the encoder on the surfaces of <paramref name="frames"/>.</summary>
    /// <exception cref="FFmpegException">This FFmpeg lacks the encoder, or the driver refuses the settings.</exception>
    public HardwareEncoder(HardwareFrames frames, HardwareEncoderOptions options)
    {
        _library = frames.Library;
        nint encoder = _library.FindEncoder(options.Name);
        if (encoder == 0)
            throw new FFmpegException($"This FFmpeg (libavcodec {_library.AvCodecMajor}) has no encoder {options.Name}.");
        try
        {
            _codec = HardwareFrames.ThrowIfNull(_library.AllocContext(encoder), "avcodec_alloc_context3");
            _packet = HardwareFrames.ThrowIfNull(_library.AllocPacket(), "av_packet_alloc");
            FFmpegStructs.DescribeCodec(_codec, options.Width, options.Height, options.FramesPerSecond, frames.AddReference());
            SetOptions(options);
            HardwareFrames.ThrowIfError(_library, _library.OpenCodec(_codec, encoder, null), $"{options.Name} at {options.Width}x{options.Height}, {options.RateControl}");
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>What the last <see cref="CodecResult.Error"/> was, in av_strerror's words.</summary>
    public string LastError { get; private set; } = "";

    /// <summary>Hands over a frame and asks for a packet, which stays valid until the next call.</summary>
    public CodecResult Encode(MediaFrame frame, out ReadOnlySpan<byte> accessUnit, out bool isKeyFrame)
    {
        accessUnit = default;
        isKeyFrame = false;
        int sent = _library.SendFrame(_codec, frame.Handle);
        return sent < 0 ? Fail(sent) : Receive(out accessUnit, out isKeyFrame);
    }

    /// <summary>Frees the encoder; its surfaces go back to the pool.</summary>
    public void Dispose()
    {
        fixed (nint* codec = &_codec, packet = &_packet)
        {
            if (_packet != 0)
                _library.FreePacket(packet);
            if (_codec != 0)
                _library.FreeContext(codec);
        }
    }

    private CodecResult Receive(out ReadOnlySpan<byte> accessUnit, out bool isKeyFrame)
    {
        const int EAGAIN = 11;
        accessUnit = default;
        isKeyFrame = false;
        int received = _library.ReceivePacket(_codec, _packet); // drops what the packet held
        if (received < 0)
            return received == -EAGAIN ? CodecResult.Again : Fail(received);
        byte* data;
        int size, key;
        FFmpegStructs.ViewPacket(_packet, &data, &size, &key);
        accessUnit = new ReadOnlySpan<byte>(data, size);
        isKeyFrame = key != 0;
        return CodecResult.Packet;
    }

    private CodecResult Fail(int error)
    {
        LastError = _library.ErrorText(error);
        return CodecResult.Error;
    }

    private void SetOptions(HardwareEncoderOptions options)
    {
        bool constantQuality = options.RateControl == "CQP";
        Set("b", constantQuality ? 0 : options.BitsPerSecond);
        Set("maxrate", constantQuality ? 0 : options.BitsPerSecond);
        Set("bufsize", constantQuality ? 0 : options.BufferBits);
        Set("g", int.MaxValue);
        Set("bf", 0);
        Set("slices", 1);
        // Not every release or codec has these; without one the encoder works, if a little later.
        _ = _library.TrySetOption(_codec, "idr_interval", 0);
        _ = _library.TrySetOption(_codec, "async_depth", 1);
        _ = _library.TrySetOption(_codec, "low_power", options.IsLowPower ? 1 : 0);
        _ = _library.TrySetOption(_codec, "rc_mode", options.RateControl);
        _ = _library.TrySetOption(_codec, "aud", 0);
        _ = _library.TrySetOption(_codec, "sei", 0);
    }

    private void Set(string name, long value)
    {
        if (!_library.TrySetOption(_codec, name, value))
            throw new FFmpegException($"libavcodec {_library.AvCodecMajor} has no option {name}.");
    }
}
