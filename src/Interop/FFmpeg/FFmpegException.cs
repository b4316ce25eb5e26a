namespace QemuZeroCopy.Interop.FFmpeg;

/// <summary>A libavcodec or libavutil call failed; the message names it and gives av_strerror's words.</summary>
public sealed class FFmpegException : Exception
{
    /// <summary>With a message for a person.</summary>
    public FFmpegException(string message)
        : base(message)
    {
    }

    /// <inheritdoc/>
    public FFmpegException()
    {
    }

    /// <inheritdoc/>
    public FFmpegException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
