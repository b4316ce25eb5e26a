using QemuZeroCopy.Interop.Gpu;
using static QemuZeroCopy.Interop.Gl.GlesConstants;

namespace QemuZeroCopy.Interop.Gl;

/// <summary>A texture over a DMA-BUF.</summary>
public sealed unsafe class GlesImage : IDisposable
{
    // GLES keeps one flag for each kind of error; a lost context reports its own for ever.
    private const int MaxStaleErrors = 8;
    private readonly GlesDevice _device;
    private nint _image;
    private uint _texture;

    private GlesImage(GlesDevice device, nint image, uint texture, int target, uint framebuffer, int width, int height)
    {
        (_device, _image, _texture, Target) = (device, image, texture, target);
        (Framebuffer, Width, Height) = (framebuffer, width, height);
    }

    /// <summary>Width in pixels.</summary>
    public int Width { get; }

    /// <summary>Height in pixels.</summary>
    public int Height { get; }

    /// <summary>What draws into the image; 0 unless imported for writing.</summary>
    internal uint Framebuffer { get; }

    internal uint Texture => _texture;

    internal int Target { get; }

    /// <summary>Whether the shader must declare samplerExternalOES for it.</summary>
    public bool IsExternal => Target == GL_TEXTURE_EXTERNAL_OES;

    /// <summary>Imports without a copy. The fds stay the caller's.</summary>
    public static GpuOutcome ImportDmaBuf(
        GlesDevice device, int width, int height, uint fourcc, ulong modifier, ReadOnlySpan<ImportedPlane> planes, bool forWriting, out GlesImage? import)
    {
        import = null;
        if (!device.Egl.Takes(fourcc, modifier, out bool externalOnly) || (externalOnly && (forWriting || !device.ReadsExternal)))
        {
            return GpuOutcome.Unsupported;
        }

        GpuOutcome outcome = device.Egl.ImportDmaBuf(width, height, fourcc, modifier, planes, out nint image);
        if (outcome != GpuOutcome.Ok)
        {
            return outcome;
        }

        GlesCommands gl = device.Commands;
        int target = externalOnly ? GL_TEXTURE_EXTERNAL_OES : GL_TEXTURE_2D;
        uint texture;
        gl.glGenTextures(1, &texture);
        gl.glBindTexture(target, texture);
        for (int i = 0; i < MaxStaleErrors && gl.glGetError() != GL_NO_ERROR; i++)
        {
        }

        gl.glEGLImageTargetTexture2DOES(target, image);
        gl.glTexParameteri(target, GL_TEXTURE_MIN_FILTER, GL_NEAREST);
        gl.glTexParameteri(target, GL_TEXTURE_MAG_FILTER, GL_NEAREST);
        uint framebuffer = 0;
        bool isUsable = gl.glGetError() == GL_NO_ERROR && (!forWriting || TryAttach(gl, texture, width, height, out framebuffer));
        if (!isUsable)
        {
            gl.glDeleteTextures(1, &texture);
            device.Egl.DestroyImage(image);
            return GpuOutcome.Unsupported;
        }

        import = new GlesImage(device, image, texture, target, framebuffer, width, height);
        return GpuOutcome.Ok;
    }

    /// <summary>Frees texture and image; the GPU must be done with them.</summary>
    public void Dispose()
    {
        if (_image == 0)
        {
            return;
        }

        uint texture = _texture, framebuffer = Framebuffer;
        _device.Commands.glDeleteFramebuffers(1, &framebuffer);
        _device.Commands.glDeleteTextures(1, &texture);
        _device.Egl.DestroyImage(_image);
        (_image, _texture) = (0, 0);
    }

    private static bool TryAttach(GlesCommands gl, uint texture, int width, int height, out uint framebuffer)
    {
        uint handle;
        gl.glGenFramebuffers(1, &handle);
        gl.glBindFramebuffer(GL_FRAMEBUFFER, handle);
        gl.glFramebufferTexture2D(GL_FRAMEBUFFER, GL_COLOR_ATTACHMENT0, GL_TEXTURE_2D, texture, 0);
        framebuffer = handle;
        if (gl.glCheckFramebufferStatus(GL_FRAMEBUFFER) == GL_FRAMEBUFFER_COMPLETE)
        {
            return true;
        }

        gl.glDeleteFramebuffers(1, &handle);
        return false;
    }
}
