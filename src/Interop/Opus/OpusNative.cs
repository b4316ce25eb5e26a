using System.Runtime.InteropServices;

namespace QemuZeroCopy.Interop.Opus;

/// <summary>
/// libopus (opus.h, opus_defines.h), found when first called, so that qzc starts without it. The two ctl functions are
/// variadic; with one integer or pointer behind the fixed arguments, both Linux ABIs in use pass them as if they were not.
/// </summary>
internal static unsafe partial class OpusNative
{
    internal const int SampleRate = 48_000, Channels = 2;
    internal const int ApplicationAudio = 2049, ApplicationRestrictedLowDelay = 2051;
    internal const int SetBitrate = 4002, SetVbr = 4006, SetComplexity = 4010, SetInbandFec = 4012, SetPacketLossPercent = 4014, SetDtx = 4016;
    internal const int GetLookahead = 4027, ResetState = 4028, SetPredictionDisabled = 4046;

    private const string Library = "libopus.so.0";

    [LibraryImport(Library)]
    internal static partial nint opus_encoder_create(int sampleRate, int channels, int application, int* error);

    [LibraryImport(Library)]
    internal static partial void opus_encoder_destroy(nint encoder);

    [LibraryImport(Library)]
    internal static partial int opus_encode_float(nint encoder, float* samples, int frameSize, byte* packet, int maxBytes);

    [LibraryImport(Library)]
    internal static partial int opus_encoder_ctl(nint encoder, int request, int value);

    [LibraryImport(Library)]
    internal static partial int opus_encoder_ctl(nint encoder, int request, int* value);

    [LibraryImport(Library)]
    internal static partial nint opus_decoder_create(int sampleRate, int channels, int* error);

    [LibraryImport(Library)]
    internal static partial void opus_decoder_destroy(nint decoder);

    [LibraryImport(Library)]
    internal static partial int opus_decode_float(nint decoder, byte* packet, int bytes, float* samples, int frameSize, int fec);

    [LibraryImport(Library)]
    internal static partial int opus_decoder_ctl(nint decoder, int request, int value);

    [LibraryImport(Library)]
    internal static partial int opus_packet_get_nb_samples(byte* packet, int bytes, int sampleRate);

    [LibraryImport(Library)]
    internal static partial byte* opus_strerror(int error);

    [LibraryImport(Library)]
    internal static partial byte* opus_get_version_string();

    internal static string Describe(int error) => Marshal.PtrToStringUTF8((nint)opus_strerror(error)) ?? "unknown";
}
