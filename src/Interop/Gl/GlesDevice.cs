using System.Runtime.InteropServices;
using QemuZeroCopy.Interop.Egl;
using QemuZeroCopy.Interop.Gpu;
using static QemuZeroCopy.Interop.Gl.GlesConstants;

namespace QemuZeroCopy.Interop.Gl;

/// <summary>
/// GLES 3.1 as far as one compute shader over DMA-BUFs needs it. Owns its context; every call belongs to the thread on
/// which the context is current.
/// </summary>
public sealed unsafe class GlesDevice : IDisposable
{
    private readonly EglContext _egl;
    private readonly string _extensions;
    private readonly GlesTimer? _timer;
    private readonly uint _vertices;

    /// <summary>Takes ownership of the context, which must be current here.</summary>
    /// <exception cref="GpuSetupException">The driver lacks an extension that there is no way round.</exception>
    public GlesDevice(EglContext egl)
    {
        _egl = egl;
        Commands = new GlesCommands(EglContext.GetProcAddress);
        Renderer = Text(GL_RENDERER);
        _extensions = " " + Text(GL_EXTENSIONS) + " ";
        foreach (string needed in (string[])["GL_OES_EGL_image", "GL_EXT_buffer_storage"])
        {
            if (!Has(needed))
            {
                egl.Dispose();
                throw new GpuSetupException($"{Renderer} has no {needed}; use --gpu vulkan or --gpu none.");
            }
        }

        ReadsExternal = Has("GL_OES_EGL_image_external_essl3");
        int limit;
        Commands.glGetIntegerv(GL_MAX_SHADER_STORAGE_BLOCK_SIZE, &limit);
        MaxStorageBufferRange = limit < 0 ? int.MaxValue : limit;
        uint vertices;
        Commands.glGenVertexArrays(1, &vertices);
        _vertices = vertices;
        _timer = Has("GL_EXT_disjoint_timer_query") ? GlesTimer.TryCreate(Commands) : null;
    }

    /// <summary>The driver's name for the device.</summary>
    public string Renderer { get; }

    /// <summary>Whether shaders read images that the driver takes as external textures only.</summary>
    public bool ReadsExternal { get; }

    /// <summary>The largest storage buffer, in bytes.</summary>
    public long MaxStorageBufferRange { get; }

    /// <summary>The context.</summary>
    public EglContext Egl => _egl;

    /// <summary>
    /// How long the GPU ran for the last <see cref="Wait"/>, in ns: from <see cref="Dispatch"/> on. Where a driver tells it
    /// late it is 0, and counts with the next one; 0 where there are no timers.
    /// </summary>
    public long LastGpuNs { get; private set; }

    internal GlesCommands Commands { get; }

    /// <summary>Runs the program over <paramref name="groups"/> work groups; its timing begins.</summary>
    public void Dispatch(GlesProgram program, int groups)
    {
        _timer?.Begin();
        Commands.glUseProgram(program.Handle);
        Commands.glDispatchCompute((uint)groups, 1, 1);
        Commands.glMemoryBarrier(GL_ALL_BARRIER_BITS);
    }

    /// <summary>Makes a program the current one, for uniforms and <see cref="DrawQuads"/>.</summary>
    public void Use(GlesProgram program) => Commands.glUseProgram(program.Handle);

    /// <summary>Sets an uint of the current program.</summary>
    public void SetUniform(int location, uint value) => Commands.glUniform1ui(location, value);

    /// <summary>Sets a vec2 of the current program.</summary>
    public void SetUniform(int location, float x, float y) => Commands.glUniform2f(location, x, y);

    /// <summary>Draws a quad into the image for each of the first <paramref name="count"/> uints of the buffer, which is attribute 0.</summary>
    public void DrawQuads(GlesImage target, GlesBuffer instances, int count)
    {
        Commands.glBindFramebuffer(GL_FRAMEBUFFER, target.Framebuffer);
        Commands.glViewport(0, 0, target.Width, target.Height);
        Commands.glBindVertexArray(_vertices);
        Commands.glBindBuffer(GL_ARRAY_BUFFER, instances.Handle);
        Commands.glVertexAttribIPointer(0, 1, GL_UNSIGNED_INT, sizeof(uint), null);
        Commands.glVertexAttribDivisor(0, 1);
        Commands.glEnableVertexAttribArray(0);
        Commands.glDrawArraysInstanced(GL_TRIANGLE_STRIP, 0, 4, count);
    }

    /// <summary>Waits until the GPU is done; the CPU then sees what it wrote. DeviceLost when that takes longer, or after a reset.</summary>
    public GpuOutcome Wait(int timeoutMs)
    {
        _timer?.End();
        nint fence = Commands.glFenceSync(GL_SYNC_GPU_COMMANDS_COMPLETE, 0);
        int status = fence == 0 ? GL_WAIT_FAILED : Commands.glClientWaitSync(fence, GL_SYNC_FLUSH_COMMANDS_BIT, (ulong)timeoutMs * 1_000_000);
        if (fence != 0)
        {
            Commands.glDeleteSync(fence);
        }

        if (status is not (GL_ALREADY_SIGNALED or GL_CONDITION_SATISFIED)
            || (Commands.glGetGraphicsResetStatusEXT != null && Commands.glGetGraphicsResetStatusEXT() != GL_NO_ERROR))
        {
            // The caller frees what the program uses: nothing may run any more.
            Commands.glFinish();
            return GpuOutcome.DeviceLost;
        }

        LastGpuNs = _timer?.Read() ?? 0;
        return GpuOutcome.Ok;
    }

    /// <summary>Puts a texture where the shader's sampler of that binding reads it.</summary>
    public void BindSampler(int unit, GlesImage image)
    {
        Commands.glActiveTexture(GL_TEXTURE0 + unit);
        Commands.glBindTexture(image.Target, image.Texture);
    }

    /// <summary>Puts a buffer at a storage binding.</summary>
    public void BindStorage(int binding, GlesBuffer buffer) =>
        Commands.glBindBufferBase(GL_SHADER_STORAGE_BUFFER, (uint)binding, buffer.Handle);

    /// <summary>Puts a buffer at a uniform binding.</summary>
    public void BindUniforms(int binding, GlesBuffer buffer) =>
        Commands.glBindBufferBase(GL_UNIFORM_BUFFER, (uint)binding, buffer.Handle);

    /// <summary>Frees the context and all that was made in it.</summary>
    public void Dispose() => _egl.Dispose();

    private bool Has(string extension) => _extensions.Contains($" {extension} ", StringComparison.Ordinal);

    private string Text(int name) => Marshal.PtrToStringUTF8((nint)Commands.glGetString(name)) ?? "";
}
