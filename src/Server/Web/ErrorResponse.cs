using System.Text.Json;

namespace QemuZeroCopy.Server.Web;

/// <summary>Errors as RFC 9457 problem details, one sentence for a person in <c>title</c>.</summary>
internal static class ErrorResponse
{
    public static Task WriteAsync(HttpContext context, int status, string title)
    {
        var body = new System.Buffers.ArrayBufferWriter<byte>(128);
        using (var json = new Utf8JsonWriter(body))
        {
            json.WriteStartObject();
            json.WriteString("title"u8, title);
            json.WriteNumber("status"u8, status);
            json.WriteEndObject();
        }

        context.Response.StatusCode = status;
        context.Response.ContentType = "application/problem+json";
        context.Response.ContentLength = body.WrittenCount;
        return HttpMethods.IsHead(context.Request.Method) ? Task.CompletedTask : context.Response.Body.WriteAsync(body.WrittenMemory, context.RequestAborted).AsTask();
    }
}
