using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using System.Text;

namespace QemuZeroCopy.Interop.FFmpeg;

/// <summary>
/// libavcodec and libavutil of the majors that this program was built against (59/57 to 63/61: FFmpeg 5.1
/// to 9), opened at run time so that a machine without FFmpeg still runs the CPU path. Stays open for the
/// life of the process.
/// </summary>
public sealed unsafe class FFmpegLibrary
{
    /// <summary>libavcodec majors that these bindings fit.</summary>
    internal const int OldestAvCodec = 59, NewestAvCodec = 63;

    private static readonly Lock Gate = new();
    private static FFmpegLibrary? _opened;

    internal readonly delegate* unmanaged<byte*, nint> FindEncoderByName;
    internal readonly delegate* unmanaged<nint, nint> AllocContext;
    internal readonly delegate* unmanaged<nint*, void> FreeContext;
    internal readonly delegate* unmanaged<nint, nint, nint*, int> OpenCodec;
    internal readonly delegate* unmanaged<nint, nint, int> SendFrame;
    internal readonly delegate* unmanaged<nint, nint, int> ReceivePacket;
    internal readonly delegate* unmanaged<nint> AllocPacket;
    internal readonly delegate* unmanaged<nint*, void> FreePacket;
    internal readonly delegate* unmanaged<nint, void> UnrefPacket;
    internal readonly delegate* unmanaged<nint> AllocFrame;
    internal readonly delegate* unmanaged<nint*, void> FreeFrame;
    internal readonly delegate* unmanaged<nint, void> UnrefFrame;
    internal readonly delegate* unmanaged<nint, int, nuint, nint> NewSideData;
    internal readonly delegate* unmanaged<int, nint> AllocDevice;
    internal readonly delegate* unmanaged<nint, int> InitDevice;
    internal readonly delegate* unmanaged<byte*, int> FindDeviceType;
    internal readonly delegate* unmanaged<nint, nint> AllocFrames;
    internal readonly delegate* unmanaged<nint, int> InitFrames;
    internal readonly delegate* unmanaged<nint, nint, int, int> GetHardwareFrame;
    internal readonly delegate* unmanaged<nint, nint, int, int> TransferData;
    internal readonly delegate* unmanaged<nint, nint> RefBuffer;
    internal readonly delegate* unmanaged<nint*, void> UnrefBuffer;
    internal readonly delegate* unmanaged<nint, byte*, long, int, int> SetOptionInt;
    internal readonly delegate* unmanaged<nint, byte*, byte*, int, int> SetOption;
    internal readonly delegate* unmanaged<int, byte*, nuint, int> DescribeError;
    internal readonly delegate* unmanaged<int, void> SetLogLevel;

    private FFmpegLibrary(nint codec, nint util, int codecMajor)
    {
        AvCodecMajor = codecMajor;
        FindEncoderByName = (delegate* unmanaged<byte*, nint>)NativeLibrary.GetExport(codec, "avcodec_find_encoder_by_name");
        AllocContext = (delegate* unmanaged<nint, nint>)NativeLibrary.GetExport(codec, "avcodec_alloc_context3");
        FreeContext = (delegate* unmanaged<nint*, void>)NativeLibrary.GetExport(codec, "avcodec_free_context");
        OpenCodec = (delegate* unmanaged<nint, nint, nint*, int>)NativeLibrary.GetExport(codec, "avcodec_open2");
        SendFrame = (delegate* unmanaged<nint, nint, int>)NativeLibrary.GetExport(codec, "avcodec_send_frame");
        ReceivePacket = (delegate* unmanaged<nint, nint, int>)NativeLibrary.GetExport(codec, "avcodec_receive_packet");
        AllocPacket = (delegate* unmanaged<nint>)NativeLibrary.GetExport(codec, "av_packet_alloc");
        FreePacket = (delegate* unmanaged<nint*, void>)NativeLibrary.GetExport(codec, "av_packet_free");
        UnrefPacket = (delegate* unmanaged<nint, void>)NativeLibrary.GetExport(codec, "av_packet_unref");
        AllocFrame = (delegate* unmanaged<nint>)NativeLibrary.GetExport(util, "av_frame_alloc");
        FreeFrame = (delegate* unmanaged<nint*, void>)NativeLibrary.GetExport(util, "av_frame_free");
        UnrefFrame = (delegate* unmanaged<nint, void>)NativeLibrary.GetExport(util, "av_frame_unref");
        NewSideData = (delegate* unmanaged<nint, int, nuint, nint>)NativeLibrary.GetExport(util, "av_frame_new_side_data");
        AllocDevice = (delegate* unmanaged<int, nint>)NativeLibrary.GetExport(util, "av_hwdevice_ctx_alloc");
        InitDevice = (delegate* unmanaged<nint, int>)NativeLibrary.GetExport(util, "av_hwdevice_ctx_init");
        FindDeviceType = (delegate* unmanaged<byte*, int>)NativeLibrary.GetExport(util, "av_hwdevice_find_type_by_name");
        AllocFrames = (delegate* unmanaged<nint, nint>)NativeLibrary.GetExport(util, "av_hwframe_ctx_alloc");
        InitFrames = (delegate* unmanaged<nint, int>)NativeLibrary.GetExport(util, "av_hwframe_ctx_init");
        GetHardwareFrame = (delegate* unmanaged<nint, nint, int, int>)NativeLibrary.GetExport(util, "av_hwframe_get_buffer");
        TransferData = (delegate* unmanaged<nint, nint, int, int>)NativeLibrary.GetExport(util, "av_hwframe_transfer_data");
        RefBuffer = (delegate* unmanaged<nint, nint>)NativeLibrary.GetExport(util, "av_buffer_ref");
        UnrefBuffer = (delegate* unmanaged<nint*, void>)NativeLibrary.GetExport(util, "av_buffer_unref");
        SetOptionInt = (delegate* unmanaged<nint, byte*, long, int, int>)NativeLibrary.GetExport(util, "av_opt_set_int");
        SetOption = (delegate* unmanaged<nint, byte*, byte*, int, int>)NativeLibrary.GetExport(util, "av_opt_set");
        DescribeError = (delegate* unmanaged<int, byte*, nuint, int>)NativeLibrary.GetExport(util, "av_strerror");
        SetLogLevel = (delegate* unmanaged<int, void>)NativeLibrary.GetExport(util, "av_log_set_level");

        const int AV_LOG_FATAL = 8; // what fails comes back as an error code, and is told once, by us
        SetLogLevel(AV_LOG_FATAL);
    }

    /// <summary>LIBAVCODEC_VERSION_MAJOR of the opened library.</summary>
    public int AvCodecMajor { get; }

    /// <summary>
    /// Opens the libraries, once. False, with a sentence that names what is there and what to do, where the
    /// installed FFmpeg is missing or of another major than this program was built against.
    /// </summary>
    public static bool TryOpen([NotNullWhen(true)] out FFmpegLibrary? library, out string reason)
    {
        lock (Gate)
        {
            reason = "";
            library = _opened;
            if (library is not null)
                return true;
            int codecMajor = FFmpegStructs.AvCodecMajor(), utilMajor = FFmpegStructs.AvUtilMajor();
            if (codecMajor is < OldestAvCodec or > NewestAvCodec)
            {
                reason = $"qzc was built against libavcodec {codecMajor}; its bindings fit {OldestAvCodec} to {NewestAvCodec}.";
                return false;
            }

            if (!NativeLibrary.TryLoad($"libavutil.so.{utilMajor}", out nint util)
                || !NativeLibrary.TryLoad($"libavcodec.so.{codecMajor}", out nint codec))
            {
                reason = ExplainMissing(codecMajor);
                return false;
            }

            _opened = library = new FFmpegLibrary(codec, util, codecMajor);
            return true;
        }
    }

    /// <summary>av_strerror's words for a negative return value.</summary>
    public string ErrorText(int error)
    {
        const int AV_ERROR_MAX_STRING_SIZE = 64;
        byte* text = stackalloc byte[AV_ERROR_MAX_STRING_SIZE];
        DescribeError(error, text, AV_ERROR_MAX_STRING_SIZE);
        return Marshal.PtrToStringUTF8((nint)text) ?? error.ToString(System.Globalization.CultureInfo.InvariantCulture);
    }

    /// <summary>Whether this build of FFmpeg has an encoder, such as h264_vaapi.</summary>
    public bool HasEncoder(string name) => FindEncoder(name) != 0;

    internal nint FindEncoder(string name)
    {
        fixed (byte* utf8 = Encoding.UTF8.GetBytes(name + '\0'))
            return FindEncoderByName(utf8);
    }

    internal bool TrySetOption(nint target, string name, long value)
    {
        fixed (byte* utf8 = Encoding.UTF8.GetBytes(name + '\0'))
            return SetOptionInt(target, utf8, value, AV_OPT_SEARCH_CHILDREN) >= 0;
    }

    internal bool TrySetOption(nint target, string name, string value)
    {
        fixed (byte* utf8 = Encoding.UTF8.GetBytes(name + '\0'))
        fixed (byte* text = Encoding.UTF8.GetBytes(value + '\0'))
            return SetOption(target, utf8, text, AV_OPT_SEARCH_CHILDREN) >= 0;
    }

    private const int AV_OPT_SEARCH_CHILDREN = 1;

    private static string ExplainMissing(int builtAgainst)
    {
        for (int major = OldestAvCodec; major <= NewestAvCodec; major++)
        {
            if (major != builtAgainst && NativeLibrary.TryLoad($"libavcodec.so.{major}", out nint other))
            {
                NativeLibrary.Free(other);
                return $"libavcodec {major} is installed, but qzc was built against {builtAgainst}: build it on this machine with ./dev publish.";
            }
        }

        return $"libavcodec.so.{builtAgainst} is not installed: install FFmpeg's libraries (Debian: libavcodec{builtAgainst}).";
    }
}
